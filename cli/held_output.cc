#include "cli/held_output.h"

#include <cstdio>
#include <mutex>
#include <optional>
#include <vector>

namespace dcache::cli {
namespace {

struct Piece {
  Stream stream;
  std::string text;
};

std::mutex mutex;
std::optional<std::vector<Piece>> held;  // nothing if output is not held back

void write_now(Stream stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream == Stream::kOut ? stdout : stderr);
}

}  // namespace

HeldOutput::HeldOutput() {
  const std::scoped_lock lock(mutex);
  held.emplace();
}

HeldOutput::~HeldOutput() {
  const std::scoped_lock lock(mutex);
  held.reset();
}

std::string HeldOutput::text() const {
  const std::scoped_lock lock(mutex);
  std::string all;
  for (const Piece& piece : *held)
    all += piece.text;
  return all;
}

void HeldOutput::show() {
  const std::scoped_lock lock(mutex);
  for (const Piece& piece : *held) {
    write_now(piece.stream, piece.text);
    std::fflush(stdout);  // so that both streams come in the order of the pieces
  }
  held->clear();
}

void write_to(Stream stream, std::string_view text) {
  const std::scoped_lock lock(mutex);
  if (!held) return write_now(stream, text);
  if (held->empty() || held->back().stream != stream) held->push_back({stream, ""});
  held->back().text += text;
}

}  // namespace dcache::cli
