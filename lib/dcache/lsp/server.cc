#include "dcache/lsp/server.h"

#include <utility>

#include "dcache/lsp/session.h"

namespace dcache::lsp {

Server::Server(Options options, Send send)
    : session_(std::make_unique<Session>(std::move(options), std::move(send))) {}
Server::~Server() = default;

void Server::receive(std::string_view message) {
  session_->receive(message);
}
void Server::settle() {
  session_->settle();
}
bool Server::is_finished() const {
  return session_->finished;
}
int Server::exit_status() const {
  return session_->status;
}

}  // namespace dcache::lsp
