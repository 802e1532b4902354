-- Neovim as a client of `dcache lsp`. Run by scripts/check-editors in a project of its own; the environment's
-- DCACHE names the program.
local failures = {}
local function check(what, good, detail)
  if not good then
    table.insert(failures, what .. (detail and (': ' .. vim.inspect(detail)) or ''))
  end
  io.stdout:write((good and 'ok      ' or 'FAILED  ') .. what .. '\n')
end

local function run()
  vim.cmd('edit Dockerfile')
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.start_client({
    name = 'dcache',
    cmd = { os.getenv('DCACHE'), 'lsp', '--no-store' },
    root_dir = vim.fn.getcwd(),
  })
  vim.lsp.buf_attach_client(buffer, client)
  local function request(method, params)
    params.textDocument = { uri = vim.uri_from_bufnr(buffer) }
    local answer, failure = vim.lsp.buf_request_sync(buffer, method, params, 10000)
    check(method .. ' is answered', answer and answer[client] and not answer[client].err, failure or answer)
    return answer and answer[client] and answer[client].result
  end
  local function codes()
    local all = {}
    for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
      table.insert(all, diagnostic.code)
    end
    table.sort(all)
    return table.concat(all, ' ')
  end
  local function wait_for(wanted)
    vim.wait(10000, function() return codes() == wanted end, 10)
    return codes() == wanted
  end

  check('findings on open', wait_for('DC1009'), codes())
  -- What is typed in front of a character of two UTF-16 units moves what follows.
  vim.api.nvim_buf_set_text(buffer, 1, 9, 1, 9, { '\240\159\152\128 ' })
  vim.api.nvim_buf_set_lines(buffer, -1, -1, false, { 'MAINTAINER me' })
  check('findings while typing', wait_for('DC1009 MaintainerDeprecated'), codes())
  vim.cmd('undo')
  check('findings after undo', wait_for('DC1009'), codes())

  local definition = request('textDocument/definition', { position = { line = 5, character = 13 } })
  check('definition of a stage', definition and definition[1].range.start.line == 0, definition)
  local symbols = request('textDocument/documentSymbol', {})
  check('two stages', symbols and #symbols == 2, symbols)
  local items = request('textDocument/completion', { position = { line = 5, character = 12 } })
  check('completion of a stage', items and items[1].label == 'build', items)
  local hover = request('textDocument/hover', { position = { line = 2, character = 1 } })
  check('verdict under the cursor', hover and hover.contents.value:find('reused', 1, true), hover)

  vim.api.nvim_buf_set_lines(buffer, 2, 3, false, { 'COPY src /other' })
  hover = request('textDocument/hover', { position = { line = 2, character = 1 } })
  check('the verdict follows the text', hover and hover.contents.value:find('rebuilds', 1, true), hover)

  local range = { start = { line = 0, character = 0 }, ['end'] = { line = 0, character = 1 } }
  vim.api.nvim_buf_set_lines(buffer, 0, 1, false, { 'from alpine:latest as build' })
  local actions = request('textDocument/codeAction', { range = range, context = { diagnostics = {} } })
  local applied = false
  for _, action in ipairs(actions or {}) do
    if not applied and action.isPreferred then
      vim.lsp.util.apply_workspace_edit(action.edit, 'utf-16')
      applied = true
    end
  end
  check('a fix is applied', vim.api.nvim_buf_get_lines(buffer, 0, 1, false)[1]:find('^FROM'),
    vim.api.nvim_buf_get_lines(buffer, 0, 1, false))
  vim.cmd('write')

  local object = vim.lsp.get_client_by_id(client)
  object.stop()
  check('it ends when it is told to', vim.wait(10000, function() return object.is_stopped() end, 10))
end

local good, failure = pcall(run)
if not good then
  table.insert(failures, tostring(failure))
end
for _, text in ipairs(failures) do
  io.stdout:write(text .. '\n')
end
vim.cmd(#failures == 0 and 'qall!' or 'cquit 1')
