// The same end of the clock for every page: the form can be answered, and that is on the screen.
// `performance.now()` counts from the beginning of the navigation, in milliseconds.

export const ready = () =>
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.ready = performance.now()
  }))
