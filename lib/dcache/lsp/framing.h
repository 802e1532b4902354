// The messages of the Language Server Protocol in a stream of bytes: a header with their length, then JSON.
//
// Source:
// https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "dcache/text/failure.h"

namespace dcache::lsp {

// Splits a stream into messages.
class MessageReader {
 public:
  void feed(std::string_view bytes) { bytes_ += bytes; }
  // The next whole message; nothing if more bytes are needed. After a failure the stream can't be read any
  // further.
  tl::expected<std::optional<std::string>, text::Failure> next();

 private:
  std::string bytes_;
  size_t read_ = 0;  // of them
};

// A message with its header.
std::string framed(std::string_view message);

}  // namespace dcache::lsp
