// Enhancements only: every page works without this file.
(function () {
  'use strict'
  var root = document.documentElement
  root.classList.add('govuk-frontend-supported')

  // Errors are read out first: the summary takes the focus.
  var summary = document.querySelector('.govuk-error-summary')
  if (summary) summary.focus()

  // A choice that has a follow-up question shows it only while it is chosen.
  var choices = document.querySelectorAll('input[aria-controls]')
  function reveal () {
    choices.forEach(function (input) {
      var follow = document.getElementById(input.getAttribute('aria-controls'))
      if (!follow) return
      follow.classList.toggle('spean-hidden', !input.checked)
      follow.classList.remove('govuk-radios__conditional--hidden', 'govuk-checkboxes__conditional--hidden')
      input.setAttribute('aria-expanded', String(input.checked))
    })
  }
  if (choices.length) {
    document.addEventListener('change', reveal)
    reveal()
  }

  // A second tap on a slow network must not send the form again.
  document.addEventListener('submit', function (event) {
    var form = event.target
    var now = Date.now()
    if (form.dataset.sent && now - Number(form.dataset.sent) < 5000) event.preventDefault()
    else form.dataset.sent = String(now)
  })
  window.addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-sent]').forEach(function (form) { delete form.dataset.sent })
  })

  // Leave at once: sign out in the background, hide the page, and leave no entry to go back to.
  document.addEventListener('submit', function (event) {
    var form = event.target
    var away = form.getAttribute('data-exit')
    if (!away || !navigator.sendBeacon) return
    event.preventDefault()
    root.classList.add('spean-leaving')
    document.title = ''
    navigator.sendBeacon(form.action)
    window.location.replace(away)
  }, true)

  // Buttons that need this file are hidden without it.
  document.querySelectorAll('[data-script]').forEach(function (element) { element.hidden = false })
  document.querySelectorAll('[data-print]').forEach(function (button) {
    button.addEventListener('click', function () { window.print() })
  })
})()
