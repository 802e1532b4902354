#include "dcache/dockerfile/file.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::dockerfile {

Span Instruction::source_span(std::string_view part) const {
  const auto offset = static_cast<uint32_t>(part.data() - joined.data());
  const auto to_source = [&](uint32_t at) {
    const auto after = std::upper_bound(segments.begin(), segments.end(), at,
                                        [](uint32_t value, const Segment& s) { return value < s.joined; });
    const Segment& segment = *(after - 1);
    return segment.source + (at - segment.joined);
  };
  const uint32_t begin = to_source(offset);
  if (part.empty()) return {begin, begin};
  return {begin, to_source(offset + static_cast<uint32_t>(part.size()) - 1) + 1};
}

const Flag* Instruction::find_flag(std::string_view flag_name) const {
  const auto found =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& f) { return f.name == flag_name; });
  return found == flags.end() ? nullptr : &*found;
}

namespace {

// A flag as people write it: BuildKit takes each of its bytes for a character of its own (words.cc).
std::string as_written(std::string_view flag) {
  std::string bytes;
  while (!flag.empty()) {
    const text::Rune rune = text::decode_rune(flag);
    bytes.push_back(static_cast<char>(rune.value));
    flag.remove_prefix(rune.width);
  }
  return bytes;
}

}  // namespace

std::string Instruction::one_line() const {
  std::string line(keyword == Keyword::kUnknown ? name : name_of(keyword));
  for (const Flag& flag : flags)
    line.append(" ").append(as_written(flag.text));
  return line.append(" ").append(rest);
}

File::File(std::string source)
    : source_(std::make_unique<const std::string>(std::move(source))), lines_(*source_) {}

std::optional<std::string_view> File::directive(std::string_view name) const {
  for (const Directive& directive : directives_) {
    if (directive.name == name) return directive.value;
  }
  return std::nullopt;
}

const Error* File::first_error(Error::Phase phase) const {
  const auto found =
      std::find_if(errors_.begin(), errors_.end(), [&](const Error& e) { return e.phase == phase; });
  return found == errors_.end() ? nullptr : &*found;
}

}  // namespace dcache::dockerfile
