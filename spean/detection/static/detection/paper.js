// Typing a sheet in: one key for each answer. Without this file the page is an ordinary form.
(function () {
  'use strict'
  var form = document.querySelector('form[data-keying]')
  if (!form) return
  var questions = Array.prototype.slice.call(form.querySelectorAll('[data-question]'))

  function go (number) {
    var question = questions[number]
    var field = question ? question.querySelector('input:checked') || question.querySelector('input') : form.querySelector('button')
    field.focus()
    if (question) question.scrollIntoView({ block: 'center' })
  }

  function at (target) {
    return questions.findIndex(function (question) { return question.contains(target) })
  }

  form.addEventListener('keydown', function (event) {
    var number = at(event.target)
    if (number < 0 || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    var question = questions[number]
    var typing = event.target.type === 'text'
    if (event.key === 'Enter') {
      event.preventDefault()
      go(number + 1)
    } else if (event.key === 'Backspace' && (!typing || event.target.value === '')) {
      event.preventDefault()
      if (number > 0) go(number - 1)
    } else if (!typing && event.key.length === 1) {
      var wanted = event.key.toLowerCase()
      var choice = Array.prototype.find.call(question.querySelectorAll('input'), function (input) {
        return input.dataset.key === wanted
      })
      if (!choice) return
      event.preventDefault()
      if (question.hasAttribute('data-several')) {
        choice.checked = !choice.checked
        choice.focus()
      } else {
        choice.checked = true
        go(number + 1)
      }
    }
  })

  if (!document.querySelector('.govuk-error-summary') && questions.length) go(0)
})()
