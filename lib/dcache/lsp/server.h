// A language server for Dockerfiles: what `dcache lsp` speaks on its standard input and output.
//
// It takes and gives messages, each the text of one JSON object; framing.h puts them into a stream. Findings
// are sent while the user types. Verdicts need the files of the context; a separate thread computes them.
//
// Source: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dcache::lsp {

class Session;

class Server {
 public:
  struct Options {
    std::string hash_store = {};        // the folder of hashes kept between runs; empty for none
    std::string shellcheck = {};        // the path of ShellCheck; empty: it is not run
    std::string shellcheck_store = {};  // the folder of its earlier answers; empty for none
  };
  // Called with one message at a time, from any thread.
  using Send = std::function<void(const std::string& message)>;

  Server(Options options, Send send);
  // Cancels what is running.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes a message, with any content: invalid requests are answered with an error. Call it from one thread.
  void receive(std::string_view message);
  // To be called by that thread when no message waits: sends the client what the last messages changed.
  void settle();

  // Whether the client asked the server to exit, and the exit status of the program then.
  bool is_finished() const;
  int exit_status() const;

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace dcache::lsp
