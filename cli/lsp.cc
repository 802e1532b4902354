#include <array>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/lsp/framing.h"
#include "dcache/lsp/server.h"
#include "dcache/process/program.h"
#include "dcache/text/system.h"

namespace dcache::cli {
namespace {

struct Options {
  bool no_shellcheck = false;
  bool no_store = false;
  bool stdio = false;
};

// Feeds the server what comes on standard input; the status of the program when no more does.
int serve(lsp::Server& server) {
  lsp::MessageReader reader;
  std::array<char, size_t{1} << 16U> piece;
  while (true) {
    while (true) {
      const auto message = reader.next();
      if (!message) {
        complain(message.error().message);
        return kError;
      }
      if (!*message) break;
      server.receive(**message);
      if (server.is_finished()) return server.exit_status();
    }
    if (!text::has_input(STDIN_FILENO)) server.settle();
    const ssize_t size = text::read_some(STDIN_FILENO, piece.data(), piece.size());
    // A client that is gone said no `exit`.
    if (size <= 0) return kFindings;
    reader.feed({piece.data(), static_cast<size_t>(size)});
  }
}

int run(const Options& options) {
  lsp::Server::Options server_options;
  if (!options.no_store) server_options.hash_store = store_folder();
  if (!options.no_shellcheck) server_options.shellcheck = process::find_program("shellcheck");
  server_options.shellcheck_store = shellcheck_folder();
  lsp::Server server(std::move(server_options), [](const std::string& message) {
    const std::string framed = lsp::framed(message);
    std::fwrite(framed.data(), 1, framed.size(), stdout);
    std::fflush(stdout);
  });
  return serve(server);
}

}  // namespace

Command lsp_command() {
  auto options = std::make_shared<Options>();
  Command command("lsp", "Run as a language server for editors");
  command.flag("--stdio", options->stdio, "Use standard input and output, which is the default");
  command.flag("--no-shellcheck", options->no_shellcheck, "Do not run ShellCheck on RUN scripts");
  command.flag("--no-store", options->no_store, "Do not save hashes of files for the next run");
  command.notes =
      "Editors start it and speak the Language Server Protocol with it. docs/editors.md shows the setup for\n"
      "Neovim, VS Code, Helix, Emacs, JetBrains and Zed.";
  command.examples =
      "  :lua vim.lsp.start({ name = 'dcache', cmd = { 'dcache', 'lsp' } })    in Neovim 0.8 or later";
  command.exit_status =
      "0 after the requests shutdown and exit, 1 if the client left without them, 2 if the\n"
      "input is not a stream of messages.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
