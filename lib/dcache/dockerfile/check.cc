#include "dcache/dockerfile/check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "dcache/dockerfile/flags.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

using Verdict = std::optional<Complaint>;

Verdict check_flag(const Instruction& instruction, const Flag& flag, std::span<const KnownFlag> known_flags) {
  const std::string_view instruction_name = name_of(instruction.keyword);
  const auto known = std::find_if(known_flags.begin(), known_flags.end(),
                                  [&](const KnownFlag& k) { return k.name == flag.name; });
  if (known == known_flags.end()) {
    std::vector<std::string_view> names;
    std::string list;
    for (const KnownFlag& k : known_flags) {
      names.push_back(k.name);
      list += fmt::format("{}--{}", list.empty() ? "known flags: " : ", ", k.name);
    }
    const std::string_view near = text::closest(flag.name, names);
    return Complaint{fmt::format("{} has no flag --{}", instruction_name, flag.name),
                     list.empty()   ? fmt::format("{} takes no flags", instruction_name)
                     : near.empty() ? list
                                    : fmt::format("did you mean --{}?", near),
                     flag.span};
  }
  const auto same_name = [&](const Flag& other) { return &other < &flag && other.name == flag.name; };
  if (known->kind != FlagKind::kList &&
      std::any_of(instruction.flags.begin(), instruction.flags.end(), same_name)) {
    return Complaint{fmt::format("--{} is given twice", flag.name), "keep one of them", flag.span};
  }
  if (known->kind == FlagKind::kSwitch) {
    const std::string value = text::to_lower(flag.value);
    if (!flag.has_value || value == "true" || value == "false") return std::nullopt;
    return Complaint{fmt::format("--{} must be true or false, not '{}'", flag.name, flag.value),
                     fmt::format("write --{} alone to enable it", flag.name), flag.span};
  }
  if (flag.has_value) return std::nullopt;
  return Complaint{fmt::format("--{} has no value", flag.name), fmt::format("write --{}=value", flag.name),
                   flag.span};
}

Verdict check_flags(const Instruction& instruction) {
  const std::span<const KnownFlag> known = flags_of(instruction.keyword);
  for (const Flag& flag : instruction.flags) {
    if (auto complaint = check_flag(instruction, flag, known)) return complaint;
  }
  return std::nullopt;
}

Complaint complain(const Instruction& instruction, std::string message, std::string remedy) {
  return {std::move(message), std::move(remedy), instruction.name_span};
}

Verdict need_arguments(const Instruction& instruction, std::string_view example) {
  if (!instruction.arguments.empty()) return std::nullopt;
  return complain(instruction, fmt::format("{} has no argument", name_of(instruction.keyword)),
                  fmt::format("for example: {}", example));
}

bool is_stage_name(std::string_view name) {
  const auto is_name_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const std::string lower = text::to_lower(name);
  return !lower.empty() && lower[0] >= 'a' && lower[0] <= 'z' &&
         std::all_of(lower.begin(), lower.end(), is_name_char);
}

Verdict check_from(const Instruction& instruction) {
  const std::span<const Word> words = instruction.arguments;
  if (words.size() == 1) return std::nullopt;
  if (words.size() != 3 || !text::equals_ignoring_case(words[1].text, "as")) {
    return complain(instruction, "FROM takes an image, or an image, AS and a stage name",
                    "write FROM image or FROM image AS name");
  }
  if (is_stage_name(words[2].text)) return std::nullopt;
  return Complaint{fmt::format("'{}' is not a valid stage name", words[2].text),
                   "a stage name starts with a letter and contains only letters, digits, '-', '_' and '.'",
                   words[2].span};
}

// Whether a word of COPY or ADD means a heredoc.
bool is_heredoc(const Instruction& instruction, const Word& word) {
  return std::any_of(instruction.heredocs.begin(), instruction.heredocs.end(),
                     [&](const Heredoc& heredoc) { return heredoc.is_named_by(word); });
}

Verdict check_copy(const Instruction& instruction) {
  if (instruction.arguments.size() < 2) {
    return complain(instruction,
                    fmt::format("{} needs a source and a destination", name_of(instruction.keyword)),
                    fmt::format("for example: {} src/ /app/", name_of(instruction.keyword)));
  }
  const Word& destination = instruction.arguments.back();
  if (!is_heredoc(instruction, destination)) return std::nullopt;
  return Complaint{"the destination is a heredoc", "write the path of the file after the heredoc",
                   destination.span};
}

Verdict check_pairs(const Instruction& instruction) {
  for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2) {
    if (!instruction.arguments[i].text.empty()) continue;
    return Complaint{fmt::format("{} has a value without a name", name_of(instruction.keyword)),
                     "put a name before the '='", instruction.arguments[i].span};
  }
  return need_arguments(instruction, fmt::format("{} NAME=value", name_of(instruction.keyword)));
}

Verdict check_arg(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    if (!word.text.starts_with('=')) continue;
    return Complaint{"ARG has a value without a name", "put a name before the '='", word.span};
  }
  return need_arguments(instruction, "ARG VERSION=1.0");
}

Verdict check_volume(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    if (!text::trim(word.text).empty()) continue;
    return Complaint{"a volume has an empty name", "write the path of the volume", word.span};
  }
  return need_arguments(instruction, "VOLUME /data");
}

Verdict check_onbuild(const Instruction& instruction) {
  if (instruction.onbuild == nullptr) {
    return complain(instruction, "ONBUILD has no instruction", "for example: ONBUILD RUN make");
  }
  const Keyword inner = instruction.onbuild->keyword;
  if (inner != Keyword::kOnbuild && inner != Keyword::kFrom && inner != Keyword::kMaintainer)
    return std::nullopt;
  return Complaint{fmt::format("ONBUILD can't contain {}", name_of(inner)),
                   "only instructions that change an image can run in a later build",
                   instruction.onbuild->name_span};
}

// A Go duration such as "1m30s", in nanoseconds.
std::optional<double> read_duration(std::string_view value) {
  double sign = 1;
  if (value.starts_with('-') || value.starts_with('+')) {
    sign = value[0] == '-' ? -1 : 1;
    value.remove_prefix(1);
  }
  if (value == "0") return 0;
  if (value.empty()) return std::nullopt;
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ns", 1},        {"us", 1e3},  {"\u00b5s", 1e3},
                                                            {"\u03bcs", 1e3}, {"ms", 1e6},  {"s", 1e9},
                                                            {"m", 60e9},      {"h", 3600e9}};
  double total = 0;
  while (!value.empty()) {
    const size_t digits = std::min(value.find_first_not_of("0123456789."), value.size());
    double number = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + digits, number);
    if (failure != std::errc() || end != value.data() + digits) return std::nullopt;
    value.remove_prefix(digits);
    const size_t unit_size = std::min(value.find_first_of("0123456789."), value.size());
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const auto& u) { return u.first == value.substr(0, unit_size); });
    if (unit == std::end(kUnits)) return std::nullopt;
    total += number * unit->second;
    value.remove_prefix(unit_size);
  }
  // Go keeps it in 64 bits.
  constexpr double kLongest = 9223372036854775807.0;
  if (total >= kLongest) return std::nullopt;
  return sign * total;
}

Verdict check_healthcheck_flag(const Flag& flag) {
  if (flag.value.empty()) return std::nullopt;
  if (flag.name == "retries") {
    std::string_view digits = flag.value;
    if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
    int retries = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), retries);
    if (failure == std::errc() && end == digits.data() + digits.size() && retries >= 0) return std::nullopt;
    return Complaint{fmt::format("'{}' is not a number of retries", flag.value),
                     "write a whole number, 0 or more", flag.span};
  }
  constexpr double kShortest = 1e6;
  const auto duration = read_duration(flag.value);
  if (duration && (*duration == 0 || *duration >= kShortest)) return std::nullopt;
  return Complaint{fmt::format("'{}' is not a duration that --{} accepts", flag.value, flag.name),
                   "write a number and a unit, at least 1ms: 30s, 1m30s", flag.span};
}

Verdict check_healthcheck(const Instruction& instruction) {
  if (auto missing = need_arguments(instruction, "HEALTHCHECK CMD curl -f http://localhost/")) return missing;
  const Word& type = instruction.arguments.front();
  const bool has_command = instruction.arguments.size() > 1;
  if (text::equals_ignoring_case(type.text, "none")) {
    if (!has_command) return std::nullopt;
    return complain(instruction, "HEALTHCHECK NONE takes no arguments", "remove the rest of the line");
  }
  if (!text::equals_ignoring_case(type.text, "cmd")) {
    return Complaint{fmt::format("HEALTHCHECK takes CMD or NONE, not '{}'", type.text),
                     "write HEALTHCHECK CMD and the command", type.span};
  }
  if (!has_command)
    return complain(instruction, "HEALTHCHECK CMD has no command", "write the command after CMD");
  if (auto complaint = check_flags(instruction)) return complaint;
  for (const Flag& flag : instruction.flags) {
    if (auto complaint = check_healthcheck_flag(flag)) return complaint;
  }
  return std::nullopt;
}

Verdict check_run_flag(const Flag& flag) {
  constexpr std::array<std::string_view, 3> kNetworks = {"default", "none", "host"};
  constexpr std::array<std::string_view, 2> kSecurities = {"sandbox", "insecure"};
  if (flag.name == "network" && std::ranges::find(kNetworks, flag.value) == kNetworks.end()) {
    return Complaint{fmt::format("unknown network mode '{}'", flag.value),
                     text::did_you_mean(flag.value, kNetworks, "use default, none or host"), flag.span};
  }
  if (flag.name == "security" && std::ranges::find(kSecurities, flag.value) == kSecurities.end()) {
    return Complaint{fmt::format("unknown security mode '{}'", flag.value),
                     text::did_you_mean(flag.value, kSecurities, "use sandbox or insecure"), flag.span};
  }
  if (flag.name == "device" && flag.value.empty())
    return Complaint{"--device names no device", "write --device=NAME, such as vendor.com/gpu=all",
                     flag.span};
  if (flag.name != "mount") return std::nullopt;
  const auto fields = split_csv(flag.value);
  if (!fields)
    return Complaint{"--mount can't be read: " + fields.error(), "write key=value pairs, separated by commas",
                     flag.span};
  for (const std::string& field : *fields) {
    const size_t equals = std::min(field.find('='), field.size());
    const size_t dollar = field.find('$', equals);
    if (text::to_lower(field.substr(0, equals)) != "from" || dollar == std::string::npos) continue;
    if (dollar + 1 == field.size()) continue;
    return Complaint{"'from' of a mount can't contain a variable",
                     "give the image a stage name (FROM ${IMAGE} AS name) and use that", flag.span};
  }
  return std::nullopt;
}

Verdict check_run(const Instruction& instruction) {
  for (const Flag& flag : instruction.flags) {
    if (auto complaint = check_run_flag(flag)) return complaint;
  }
  return std::nullopt;
}

Verdict check_shell(const Instruction& instruction) {
  if (auto missing = need_arguments(instruction, R"(SHELL ["/bin/bash", "-c"])")) return missing;
  if (instruction.json) return std::nullopt;
  return complain(instruction, "SHELL takes its arguments as a JSON array",
                  R"(write SHELL ["/bin/bash", "-c"])");
}

bool is_template_tag(std::string_view name) {
  return name.starts_with("{{") || name.starts_with("{%") || name.starts_with("{#") || name.starts_with("<%");
}

// Whether a line is inside of a tag of Cottle, or ends one: `^else:RUN x}}`, `ENV}}`.
bool goes_on(std::string_view name) {
  return name.starts_with('^') || name.find("}}") != std::string_view::npos ||
         name.find("{{") != std::string_view::npos;
}

// The keyword that an unknown name is a misspelling or the beginning of, or what else may have been meant.
std::string what_to_write_for(std::string_view name) {
  if (is_template_tag(name))
    return "this looks like a template; use the Dockerfile that is generated "
           "from it";
  constexpr size_t kShortest = 3;
  constexpr size_t kLettersPerMistake = 3;
  std::vector<std::string_view> keywords;
  for (auto i = static_cast<uint8_t>(Keyword::kAdd); i <= static_cast<uint8_t>(Keyword::kWorkdir); ++i)
    keywords.push_back(name_of(static_cast<Keyword>(i)));
  const std::string_view near = name.size() < kShortest ? std::string_view() : text::closest(name, keywords);
  const bool begins = text::equals_ignoring_case(name, near.substr(0, name.size()));
  if (!near.empty() && (begins || text::edit_distance(name, near) * kLettersPerMistake <= near.size()))
    return fmt::format("did you mean {}?", near);
  return "if it belongs to the line above, end that line with the escape character";
}

Verdict check_arguments(const Instruction& instruction) {
  switch (instruction.keyword) {
    case Keyword::kUnknown:
      return complain(instruction, fmt::format("'{}' is not a Dockerfile instruction", instruction.name),
                      what_to_write_for(instruction.name));
    case Keyword::kFrom:
      return check_from(instruction);
    case Keyword::kAdd:
    case Keyword::kCopy:
      return check_copy(instruction);
    case Keyword::kEnv:
    case Keyword::kLabel:
      return check_pairs(instruction);
    case Keyword::kArg:
      return check_arg(instruction);
    case Keyword::kVolume:
      return check_volume(instruction);
    case Keyword::kOnbuild:
      return check_onbuild(instruction);
    case Keyword::kHealthcheck:
      return check_healthcheck(instruction);
    case Keyword::kRun:
      return check_run(instruction);
    case Keyword::kShell:
      return check_shell(instruction);
    case Keyword::kExpose:
      return need_arguments(instruction, "EXPOSE 8080");
    case Keyword::kMaintainer:
      return need_arguments(instruction, "LABEL org.opencontainers.image.authors=\"you@example.com\"");
    case Keyword::kStopsignal:
      return need_arguments(instruction, "STOPSIGNAL SIGTERM");
    case Keyword::kUser:
      return need_arguments(instruction, "USER 1000:1000");
    case Keyword::kWorkdir:
      return need_arguments(instruction, "WORKDIR /app");
    case Keyword::kCmd:
    case Keyword::kEntrypoint:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Complaint> check_instruction(const Instruction& instruction) {
  if (instruction.keyword != Keyword::kHealthcheck && instruction.keyword != Keyword::kUnknown) {
    if (auto complaint = check_flags(instruction)) return complaint;
  }
  return check_arguments(instruction);
}

void check_instructions(const File& file, std::vector<Error>& errors) {
  std::vector<uint32_t> refused_lines;  // what could not be split has its error already
  refused_lines.reserve(errors.size());
  for (const Error& error : errors)
    refused_lines.push_back(error.line);
  std::sort(refused_lines.begin(), refused_lines.end());
  bool in_stage = false;
  for (const Instruction& instruction : file.instructions()) {
    const bool before_from = !in_stage && instruction.keyword != Keyword::kArg;
    in_stage = in_stage || instruction.keyword == Keyword::kFrom;
    if (std::binary_search(refused_lines.begin(), refused_lines.end(), instruction.start_line)) continue;
    auto complaint = check_instruction(instruction);
    if (!complaint && before_from && !in_stage) {
      complaint =
          complain(instruction, fmt::format("{} is before the first FROM", name_of(instruction.keyword)),
                   "start with FROM; only ARG is allowed before it");
    }
    if (!complaint) continue;
    errors.push_back({Error::Phase::kInstruction, std::move(complaint->message), std::move(complaint->remedy),
                      complaint->span, instruction.start_line});
  }
}

namespace {

// Whether a tag such as `{{ version }}` is in a line that is not a comment.
bool has_template_tag(std::string_view source) {
  while (!source.empty()) {
    const size_t end = std::min(source.find('\n'), source.size());
    const std::string_view line = text::trim_left(source.substr(0, end));
    const bool has_tag = line.find("{{") != std::string_view::npos ||
                         line.find("{%") != std::string_view::npos ||
                         line.find("<%") != std::string_view::npos;
    if (has_tag && !line.starts_with('#')) return true;
    source.remove_prefix(std::min(end + 1, source.size()));
  }
  return false;
}

}  // namespace

bool is_template(const File& file) {
  // A part that templates include starts with no FROM.
  const bool has_stage = std::ranges::find(file.instructions(), Keyword::kFrom, &Instruction::keyword) !=
                         file.instructions().end();
  if (!has_stage && has_template_tag(file.source())) return true;
  // No variable has a dot in its name: Maven and Gradle fill in such.
  const auto is_property = [](std::string_view text) {
    const size_t begin = text.find("${");
    if (begin == std::string_view::npos) return false;
    const size_t end = text.find_first_of("}:-+?", begin);
    return end != std::string_view::npos &&
           text.substr(begin, end - begin).find('.') != std::string_view::npos;
  };
  return std::ranges::any_of(file.instructions(), [&](const Instruction& instruction) {
    if (instruction.keyword == Keyword::kUnknown)
      return is_template_tag(instruction.name) ||
             (goes_on(instruction.name) && has_template_tag(file.source()));
    return instruction.keyword == Keyword::kFrom && !instruction.arguments.empty() &&
           is_property(instruction.arguments.front().text);
  });
}

}  // namespace dcache::dockerfile
