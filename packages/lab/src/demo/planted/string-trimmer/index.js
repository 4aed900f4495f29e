module.exports = (text) => String(text).trim()
