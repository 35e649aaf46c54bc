// One way to make an element: no markup is ever read from a text.

// element('p', { class: 'x', onclick: … }, 'text', child, …)
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    // An empty text says nothing, but beside a picture: there it says that the picture adds nothing.
    if (value === false || value === null || value === undefined || (value === '' && key !== 'alt')) continue
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ''))
  return made
}
