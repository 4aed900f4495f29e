module.exports = 'nx'
