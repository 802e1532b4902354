#include "dcache/lsp/framing.h"

#include <charconv>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

constexpr std::string_view kHeaderEnd = "\r\n\r\n";
constexpr size_t kLongestHeader = 4096;
constexpr size_t kLongestMessage = size_t{256} << 20U;
constexpr size_t kWorthMoving = size_t{1} << 20U;

// What `Content-Length` says in a header; nothing if it is not there or no number.
std::optional<size_t> content_length(std::string_view header) {
  while (!header.empty()) {
    const size_t end = header.find("\r\n");
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos ||
        !text::equals_ignoring_case(text::trim(line.substr(0, colon)), "Content-Length"))
      continue;
    const std::string_view value = text::trim(line.substr(colon + 1));
    size_t length = 0;
    const auto [at, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (failure != std::errc() || at != value.data() + value.size()) return std::nullopt;
    return length;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<std::optional<std::string>, std::string> MessageReader::next() {
  const std::string_view rest = std::string_view(bytes_).substr(read_);
  const size_t end = rest.find(kHeaderEnd);
  if (end == std::string_view::npos || end > kLongestHeader) {
    if (rest.size() <= kLongestHeader) return std::nullopt;
    return tl::unexpected(std::string("the input is not a stream of messages: a header has no end"));
  }
  const auto length = content_length(rest.substr(0, end));
  if (!length) return tl::unexpected(std::string("a message has no Content-Length, or it is not a number"));
  if (*length > kLongestMessage)
    return tl::unexpected(fmt::format("a message of {} bytes is too long", *length));
  const size_t begin = end + kHeaderEnd.size();
  if (rest.size() - begin < *length) return std::nullopt;
  std::string message(rest.substr(begin, *length));
  read_ += begin + *length;
  if (read_ == bytes_.size() || read_ > kWorthMoving) {
    bytes_.erase(0, read_);
    read_ = 0;
  }
  return message;
}

std::string framed(std::string_view message) {
  return fmt::format("Content-Length: {}\r\n\r\n{}", message.size(), message);
}

}  // namespace dcache::lsp
