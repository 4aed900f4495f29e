/**
 * Text on the page whose contrast with what is behind it is below WCAG 2.2 AA: 4.5, or 3 for large text.
 * Runs in the page, so it uses nothing from outside of itself.
 */
export function tooFaint(): string[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (color: string): [number, number, number, number] => {
    if (canvas === null) throw new Error('No canvas')
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const luminance = (color: string): number => {
    const [r, g, b] = rgba(color).map((part) => {
      const share = part / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0)
  }
  const ground = (element: Element | null): string => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor
      if (rgba(color)[3] > 0.99) return color
    }
    return 'white'
  }
  const faint = new Set<string>()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const text = walker.currentNode.textContent?.trim() ?? ''
    if (element === null || text === '' || element.getClientRects().length === 0) continue
    const style = getComputedStyle(element)
    const [one, two] = [luminance(style.color), luminance(ground(element))]
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)
    const size = Number.parseFloat(style.fontSize)
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    if (contrast < (large ? 3 : 4.5))
      faint.add(
        `${contrast.toFixed(2)} ${element.className || element.tagName}: ${text.slice(0, 40)}`,
      )
  }
  return [...faint]
}
