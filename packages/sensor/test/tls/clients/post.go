// Posts each argument behind the first to the address that is the first, one after the other.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	authority, _ := os.ReadFile(os.Getenv("SSL_CERT_FILE"))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool},
		ForceAttemptHTTP2: os.Getenv("HTTP") == "2",
	}}
	for _, body := range os.Args[2:] {
		response, err := client.Post(os.Args[1], "text/plain", strings.NewReader(body))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Println(response.Proto, string(answer))
	}
}
