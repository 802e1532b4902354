#include "rules/patterns.h"

#include <map>
#include <memory>
#include <mutex>

#include "dcache/text/piece.h"

namespace dcache::rules {

const RE2& known_pattern(std::string_view text) {
  static std::mutex mutex;
  static std::map<std::string_view, std::unique_ptr<RE2>> known;
  const std::scoped_lock lock(mutex);
  std::unique_ptr<RE2>& compiled = known[text];
  if (!compiled) compiled = std::make_unique<RE2>(text::piece(text), RE2::Quiet);
  return *compiled;
}

}  // namespace dcache::rules
