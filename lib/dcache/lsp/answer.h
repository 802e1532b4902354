// What a request is answered with: a result, or why there is none.
#pragma once

#include <string>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

namespace dcache::lsp {

// Error codes of JSON-RPC and of the protocol.
enum class Code : int {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kNotInitialized = -32002,
  kFailed = -32803,
  kContentModified = -32801,
  kCancelled = -32800,
};

// The answer to a request that can't be met.
struct Refusal {
  Code code;
  std::string message;
};
using Answer = tl::expected<nlohmann::json, Refusal>;

inline tl::unexpected<Refusal> refused(Code code, std::string message) {
  return tl::unexpected(Refusal{code, std::move(message)});
}

}  // namespace dcache::lsp
