module.exports = () => 'keys'
