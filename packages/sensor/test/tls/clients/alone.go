// A client and its server in one process: answers and asks over TLS on the loopback interface, with a certificate made here.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	must(err)
	pair := tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	must(err)
	go func() {
		connection, err := listener.Accept()
		must(err)
		got := make([]byte, len(os.Args[1]))
		_, err = io.ReadFull(connection, got)
		must(err)
		fmt.Fprintf(connection, "answer-%s", got)
		connection.Close()
	}()
	connection, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	must(err)
	fmt.Fprint(connection, os.Args[1])
	answer, err := io.ReadAll(connection)
	must(err)
	connection.Close()
	fmt.Println(string(answer))
}
