// After "Leave now": nothing is on this page. Where there is a network, go on to a page that has nothing to do with us.
fetch('/leave/', { method: 'POST', cache: 'no-store' })
  .then((answer) => answer.text())
  .then((page) => {
    const link = new DOMParser().parseFromString(page, 'text/html').querySelector('a')
    if (link) window.location.replace(link.href)
  })
  .catch(() => {})
