// Does something in a browser with a wallet only; in a build it is text.
if (typeof window !== 'undefined' && window.ethereum)
  window.ethereum.request({ method: 'eth_accounts' })
module.exports = (text) => text
