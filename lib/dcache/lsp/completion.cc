#include "dcache/lsp/completion.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/dockerfile/flags.h"
#include "dcache/dockerfile/keyword.h"
#include "dcache/lsp/navigation.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using dockerfile::Keyword;
using nlohmann::json;

// CompletionItemKind of the protocol.
enum class Item : uint8_t {
  kVariable = 6,
  kProperty = 10,
  kValue = 12,
  kKeyword = 14,
  kFile = 17,
  kModule = 9,
  kFolder = 19
};

// The values that a flag or an option of a mount can have.
struct Values {
  Keyword keyword;
  std::string_view flag;
  std::vector<std::string_view> values;
};
const std::vector<Values>& known_values() {
  static const std::vector<Values> known = {
      {Keyword::kRun, "network", {"default", "none", "host"}},
      {Keyword::kRun, "security", {"sandbox", "insecure"}},
      {Keyword::kFrom, "platform", {"$BUILDPLATFORM", "$TARGETPLATFORM", "linux/amd64", "linux/arm64"}}};
  return known;
}
struct MountOptions {
  std::string_view type;
  std::vector<std::string_view> options;
};
const std::vector<MountOptions>& mount_options() {
  static const std::vector<MountOptions> known = {
      {"bind", {"target=", "source=", "from=", "rw"}},
      {"cache", {"target=", "id=", "sharing=", "from=", "source=", "mode=", "uid=", "gid=", "ro"}},
      {"tmpfs", {"target=", "size="}},
      {"secret", {"id=", "target=", "env=", "required", "mode=", "uid=", "gid="}},
      {"ssh", {"id=", "target=", "required", "mode=", "uid=", "gid="}}};
  return known;
}

// Works on the text before the cursor, since an instruction that is being written parses seldom.
class Completion {
 public:
  Completion(const editor::Workspace::Parsed& parsed, uint32_t offset, const Positions& positions,
             const std::string& folder, const context::FileSystem& files)
      : parsed_(parsed), offset_(offset), positions_(positions), folder_(folder), files_(files) {}

  json run() {
    const std::string_view source = parsed_.file.source().substr(0, offset_);
    if (in_comment()) return std::move(items_);
    std::vector<std::string_view> words = words_before(source);
    const std::string_view word = words.back();
    words.pop_back();
    if (!words.empty() && text::equals_ignoring_case(words.front(), "ONBUILD")) words.erase(words.begin());
    if (complete_variable(word)) return std::move(items_);
    if (words.empty()) {
      complete_keyword(word);
    } else {
      complete_argument(dockerfile::keyword_of(words.front()), words, word);
    }
    return std::move(items_);
  }

 private:
  bool in_comment() const {
    return std::ranges::any_of(parsed_.file.comments(), [&](const dockerfile::Comment& comment) {
      return comment.span.begin < offset_ && offset_ <= comment.span.end;
    });
  }

  // The words of the instruction up to the cursor; the last, which may be empty, is the one being written.
  std::vector<std::string_view> words_before(std::string_view source) const {
    const auto line_start = [&](size_t at) {
      const size_t newline = at == 0 ? std::string_view::npos : source.rfind('\n', at - 1);
      return newline == std::string_view::npos ? 0 : newline + 1;
    };
    size_t begin = line_start(source.size());
    while (begin > 0) {
      const std::string_view above = source.substr(0, begin - 1);
      const size_t last = above.find_last_not_of(" \t\r");
      if (last == std::string_view::npos || above[last] != parsed_.file.escape()) break;
      begin = line_start(begin - 1);
    }
    std::vector<std::string_view> words = {{}};
    for (size_t at = begin; at < source.size(); ++at) {
      const bool escaped_end = source[at] == parsed_.file.escape() && at + 1 < source.size() &&
                               (source[at + 1] == '\n' || source[at + 1] == '\r');
      if (text::is_ascii_space(source[at]) || escaped_end) {
        if (!words.back().empty()) words.emplace_back();
      } else {
        std::string_view& last = words.back();
        last = last.empty() ? source.substr(at, 1) : std::string_view(last.data(), last.size() + 1);
      }
    }
    return words;
  }

  void add(std::string label, Item kind, std::string_view typed, std::string detail = {}) {
    if (!label.starts_with(typed) && !text::to_lower(label).starts_with(text::to_lower(typed))) return;
    if (!seen_.insert(label).second) return;
    json item = {{"label", label}, {"kind", static_cast<int>(kind)}};
    if (!detail.empty()) item["detail"] = std::move(detail);
    item["textEdit"] = {
        {"range", positions_.range_of({offset_ - static_cast<uint32_t>(typed.size()), offset_})},
        {"newText", std::move(label)}};
    items_.push_back(std::move(item));
  }

  void complete_keyword(std::string_view typed) {
    const bool lower =
        !typed.empty() && std::ranges::all_of(typed, [](char c) { return c == text::ascii_lower(c); });
    for (auto k = static_cast<uint8_t>(Keyword::kAdd); k <= static_cast<uint8_t>(Keyword::kWorkdir); ++k) {
      const auto keyword = static_cast<Keyword>(k);
      if (keyword == Keyword::kMaintainer) continue;  // deprecated
      const std::string_view name = dockerfile::name_of(keyword);
      add(lower ? text::to_lower(name) : std::string(name), Item::kKeyword, typed);
    }
  }

  bool complete_variable(std::string_view word) {
    const size_t dollar = word.rfind('$');
    if (dollar == std::string_view::npos) return false;
    std::string_view typed = word.substr(dollar + 1);
    if (typed.starts_with('{')) typed.remove_prefix(1);
    if (typed.find_first_of("}:/.,") != std::string_view::npos) return false;
    const auto stage = stage_at(parsed_, offset_);
    for (const Occurrence& one : occurrences(parsed_)) {
      if (one.kind == Occurrence::Kind::kVariable && one.defines && one.span.end < offset_) {
        const bool here = one.above_stages || (stage && parsed_.graph.starts_from(*stage, one.stage));
        if (here) add(one.name, Item::kVariable, typed);
      }
    }
    for (const char* name : {"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM",
                             "BUILDOS", "BUILDARCH", "BUILDVARIANT"})
      add(name, Item::kVariable, typed, "of the builder");
    return true;
  }

  void complete_argument(Keyword keyword, const std::vector<std::string_view>& words, std::string_view word) {
    const bool only_flags = std::all_of(words.begin() + 1, words.end(),
                                        [](std::string_view one) { return one.starts_with("--"); });
    if (only_flags && word.starts_with('-')) return complete_flag(keyword, word);
    switch (keyword) {
      case Keyword::kFrom:
        if (only_flags) complete_stage(word);
        return;
      case Keyword::kCopy:
      case Keyword::kAdd: {
        const bool from =
            std::ranges::any_of(words, [](std::string_view one) { return one.starts_with("--from"); });
        if (!from) complete_path(word);
        return;
      }
      default:
        return;
    }
  }

  void complete_flag(Keyword keyword, std::string_view word) {
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      for (const dockerfile::KnownFlag& flag : dockerfile::flags_of(keyword)) {
        const bool value = flag.kind != dockerfile::FlagKind::kSwitch;
        add(fmt::format("--{}{}", flag.name, value ? "=" : ""), Item::kProperty, word);
      }
      return;
    }
    const std::string_view name = word.substr(2, equals - 2);
    const std::string_view value = word.substr(equals + 1);
    if (name == "from") return complete_stage(value);
    if (name == "mount") return complete_mount(value);
    for (const Values& known : known_values()) {
      if (known.keyword != keyword || known.flag != name) continue;
      for (const std::string_view one : known.values)
        add(std::string(one), Item::kValue, value);
    }
  }

  void complete_mount(std::string_view value) {
    const size_t comma = value.rfind(',');
    const std::string_view option = comma == std::string_view::npos ? value : value.substr(comma + 1);
    const auto after = [&](std::string_view key) { return option.substr(key.size()); };
    if (option.starts_with("from=")) return complete_stage(after("from="));
    if (option.starts_with("source=")) return complete_path(after("source="));
    if (option.starts_with("sharing=")) {
      for (const char* sharing : {"shared", "private", "locked"})
        add(sharing, Item::kValue, after("sharing="));
      return;
    }
    if (option.starts_with("type=")) {
      for (const MountOptions& mount : mount_options())
        add(std::string(mount.type), Item::kValue, after("type="));
      return;
    }
    if (comma == std::string_view::npos) add("type=", Item::kProperty, option);
    const size_t type = value.find("type=");
    const std::string_view named =
        type == std::string_view::npos ? "bind" : value.substr(type + 5, value.find(',', type) - type - 5);
    for (const MountOptions& mount : mount_options()) {
      if (mount.type != named) continue;
      for (const std::string_view one : mount.options)
        add(std::string(one), Item::kProperty, option);
    }
  }

  void complete_stage(std::string_view typed) {
    const auto here = stage_at(parsed_, offset_);
    for (const plan::Stage& stage : parsed_.graph.stages) {
      if (here && stage.index >= *here) break;
      add(stage.label(), Item::kModule, typed, "stage");
    }
  }

  void complete_path(std::string_view typed) {
    const size_t slash = typed.rfind('/');
    const std::string_view inside = slash == std::string_view::npos ? "" : typed.substr(0, slash + 1);
    // Never above the root of the context.
    const std::string root = text::join_path(folder_, text::clean_path("/" + std::string(inside)));
    for (const auto& [name, folder] : files_.list(root)) {
      if (name == ".git") continue;
      add(std::string(inside) + name + (folder ? "/" : ""), folder ? Item::kFolder : Item::kFile, typed);
    }
  }

  const editor::Workspace::Parsed& parsed_;
  const uint32_t offset_;
  const Positions& positions_;
  const std::string& folder_;
  const context::FileSystem& files_;
  json items_ = json::array();
  std::set<std::string> seen_;
};

}  // namespace

json completions(const editor::Workspace::Parsed& parsed, uint32_t offset, const Positions& positions,
                 const std::string& folder, const context::FileSystem& files) {
  return Completion(parsed, offset, positions, folder, files).run();
}

}  // namespace dcache::lsp
