#include "dcache/lsp/completion.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/dockerfile/flags.h"
#include "dcache/dockerfile/keyword.h"
#include "dcache/editor/help.h"
#include "dcache/lsp/current_instruction.h"
#include "dcache/lsp/navigation.h"
#include "dcache/lsp/word_help.h"
#include "dcache/report/style.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using dockerfile::Keyword;
using editor::Help;
using nlohmann::json;

// CompletionItemKind of the protocol.
enum class Item : uint8_t {
  kVariable = 6,
  kClass = 7,
  kModule = 9,
  kProperty = 10,
  kValue = 12,
  kKeyword = 14,
  kSnippet = 15,
  kFile = 17,
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
// The first argument of an instruction.
struct Words {
  Keyword keyword;
  std::vector<std::string_view> words;
};
const std::vector<Words>& known_words() {
  static const std::vector<Words> known = {
      {Keyword::kHealthcheck, {"CMD", "NONE"}},
      {Keyword::kStopsignal, {"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"}}};
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

// What is shown next to an item.
struct ItemDetail {
  std::string detail = {};
  const Help* help = nullptr;
  std::string snippet = {};  // inserted in place of the label
};

class DockerfileCompletion {
 public:
  DockerfileCompletion(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset,
                       const Positions& positions, const std::string& folder,
                       const context::FileSystem& files, bool snippets)
      : parsed_(parsed),
        offset_(offset),
        positions_(positions),
        folder_(folder),
        files_(files),
        snippets_(snippets) {}

  json run() {
    const CurrentInstruction written = current_instruction(parsed_.file, offset_);
    if (written.in_comment) {
      complete_directive(written);
      return std::move(items_);
    }
    if (complete_variable(written) || written.in_heredoc) return std::move(items_);
    if (written.words.empty()) {
      complete_keyword(written);
    } else {
      complete_argument(written);
    }
    return std::move(items_);
  }

 private:
  void add(std::string label, Item kind, std::string_view typed, ItemDetail about = {}) {
    if (!label.starts_with(typed) && !text::to_lower(label).starts_with(text::to_lower(typed))) return;
    if (!seen_.insert(label).second) return;
    json item = {{"label", report::printable(label)}, {"kind", static_cast<int>(kind)}};
    if (!about.detail.empty()) item["detail"] = report::printable(about.detail);
    if (about.help != nullptr)
      item["documentation"] = {{"kind", "markdown"}, {"value", editor::markdown_of(*about.help)}};
    const bool snippet = !about.snippet.empty();
    if (snippet) item["insertTextFormat"] = 2;
    item["textEdit"] = {
        {"range", positions_.range_of({offset_ - static_cast<uint32_t>(typed.size()), offset_})},
        {"newText", snippet ? std::move(about.snippet) : std::move(label)}};
    items_.push_back(std::move(item));
  }

  // An item that leaves places to fill in, if the client knows how to: "COPY SOURCE … DESTINATION".
  void add_snippet(const Help& help, std::string_view typed) {
    if (!snippets_ || help.snippet.empty() || help.forms.empty()) return;
    add(std::string(help.forms.front()), Item::kSnippet, typed,
        {.help = &help, .snippet = editor::snippet_of(help)});
  }

  // Above everything else: `# syntax=…`.
  void complete_directive(const CurrentInstruction& written) {
    const std::string_view source = parsed_.file.source().substr(0, offset_);
    const size_t start = source.rfind('\n') + 1;  // 0 in the first line
    const auto& instructions = parsed_.file.instructions();
    const bool above = instructions.empty() || offset_ <= instructions.front().span.begin;
    if (!above || written.words.size() > 1) return;
    add_directives(source.substr(start));
  }

  void add_directives(std::string_view typed) {
    for (const char* name : {"# syntax", "# escape", "# check"}) {
      const Help* help = editor::find_help(name);
      if (help == nullptr || parsed_.file.directive(std::string_view(name).substr(2))) continue;
      add(std::string(name) + "=", Item::kProperty, typed, {.help = help});
      add_snippet(*help, typed);
    }
  }

  void complete_keyword(const CurrentInstruction& written) {
    const std::string_view typed = written.word;
    const bool lower = is_lower(typed);
    if (offset_ == 0) add_directives(typed);
    for (auto k = static_cast<uint8_t>(Keyword::kAdd); k <= static_cast<uint8_t>(Keyword::kWorkdir); ++k) {
      const auto keyword = static_cast<Keyword>(k);
      if (!may_come(keyword, written.after_onbuild)) continue;
      const std::string_view name = dockerfile::name_of(keyword);
      const Help* help = editor::find_help(name);
      add(lower ? text::to_lower(name) : std::string(name), Item::kKeyword, typed, {.help = help});
      if (!lower && help != nullptr) add_snippet(*help, typed);
    }
  }

  static bool is_lower(std::string_view typed) {
    return !typed.empty() && std::ranges::all_of(typed, [](char c) { return c == text::ascii_lower(c); });
  }

  // Above the first FROM, in a stage, or after ONBUILD.
  bool may_come(Keyword keyword, bool after_onbuild) const {
    if (keyword == Keyword::kMaintainer) return false;  // deprecated
    if (after_onbuild) return keyword != Keyword::kFrom && keyword != Keyword::kOnbuild;
    return stage_at(parsed_, offset_) || keyword == Keyword::kFrom || keyword == Keyword::kArg;
  }

  // The instruction that the cursor is in, in a heredoc too.
  Keyword keyword_at(const CurrentInstruction& written) const {
    if (!written.in_heredoc) return written.keyword();
    const auto is_around = [&](const dockerfile::Instruction& one) {
      return one.span.begin <= offset_ && offset_ <= one.span.end;
    };
    const auto found = std::ranges::find_if(parsed_.file.instructions(), is_around);
    if (found == parsed_.file.instructions().end()) return Keyword::kUnknown;
    return found->onbuild == nullptr ? found->keyword : found->onbuild->keyword;
  }

  bool complete_variable(const CurrentInstruction& written) {
    const std::string_view word = written.word;
    const size_t dollar = word.rfind('$');
    if (dollar == std::string_view::npos) return false;
    std::string_view typed = word.substr(dollar + 1);
    if (typed.starts_with('{')) typed.remove_prefix(1);
    if (typed.find_first_of("}:/.,") != std::string_view::npos) return false;
    const Keyword keyword = keyword_at(written);
    // The variables that an ENV sets are not known in it. Each ARG of an instruction sees those before it.
    const std::string_view first = keyword == Keyword::kEnv ? written.words.front() : word;
    const auto known_from = static_cast<uint32_t>(first.data() - parsed_.file.source().data());
    const auto stage = stage_at(parsed_, offset_);
    const bool above = !stage || keyword == Keyword::kFrom;
    for (const Occurrence& one : occurrences(parsed_)) {
      if (one.kind != Occurrence::Kind::kVariable || !one.defines || one.span.begin >= known_from) continue;
      const bool here =
          above ? one.above_stages : !one.above_stages && parsed_.graph.starts_from(*stage, one.stage);
      if (!here) continue;
      const Help* const help = editor::find_help("$" + one.name);
      add(one.name, Item::kVariable, typed,
          {.detail = help != nullptr ? "set by the builder"
                     : above         ? "above FROM"
                                     : "",
           .help = help});
    }
    if (above) add_platforms(typed);
    if (keyword == Keyword::kRun) add_proxies(typed);
    return true;
  }

  // Set by the builder for FROM; a stage needs an ARG.
  void add_platforms(std::string_view typed) {
    for (const char* name : {"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM",
                             "BUILDOS", "BUILDARCH", "BUILDVARIANT"})
      add(name, Item::kVariable, typed, {"set by the builder", editor::find_help(std::string("$") + name)});
  }

  // RUN has them without an ARG, in capitals and in small letters.
  void add_proxies(std::string_view typed) {
    const Help* const help = editor::find_help("$HTTP_PROXY");
    for (const std::string_view name : {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"})
      add(is_lower(typed) ? text::to_lower(name) : std::string(name), Item::kVariable, typed,
          {"set by the builder, if it has a proxy", help});
  }

  void complete_argument(const CurrentInstruction& written) {
    const Keyword keyword = written.keyword();
    const std::string_view word = written.word;
    const bool only_flags = written.only_flags();
    if (only_flags && word.starts_with('-')) return complete_flag(keyword, word);
    for (const Words& known : known_words()) {
      if (known.keyword != keyword || !only_flags) continue;
      for (const std::string_view one : known.words)
        add(std::string(one), Item::kValue, word);
    }
    switch (keyword) {
      case Keyword::kFrom:
        if (only_flags) complete_base(word);
        if (written.words.size() == 2 && !only_flags) add("AS", Item::kKeyword, word);
        return;
      case Keyword::kArg:
        return complete_predefined(word);
      case Keyword::kCopy:
      case Keyword::kAdd: {
        const bool from = std::ranges::any_of(written.words,
                                              [](std::string_view one) { return one.starts_with("--from"); });
        if (!from) complete_path(word);
        return;
      }
      default:
        return;
    }
  }

  void complete_base(std::string_view word) {
    complete_stage(word);
    if (!word.empty()) add("scratch", Item::kClass, word, {.detail = "an empty image"});
  }

  // The arguments that the builder sets and those above the first FROM, which a stage has to declare.
  void complete_predefined(std::string_view word) {
    for (const Help& help : editor::all_help()) {
      if (help.name.starts_with('$') && !word.empty())
        add(std::string(help.name.substr(1)), Item::kVariable, word, {"set by the builder", &help});
    }
    if (!stage_at(parsed_, offset_)) return;
    for (const Occurrence& one : occurrences(parsed_)) {
      const bool is_global = one.kind == Occurrence::Kind::kVariable && one.defines && one.above_stages;
      if (is_global) add(one.name, Item::kVariable, word, {.detail = "above FROM"});
    }
  }

  void complete_flag(Keyword keyword, std::string_view word) {
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      for (const dockerfile::KnownFlag& flag : dockerfile::flags_of(keyword)) {
        const bool value = flag.kind != dockerfile::FlagKind::kSwitch;
        const Help* help = flag_help(keyword, flag.name);
        add(fmt::format("--{}{}", flag.name, value ? "=" : ""), Item::kProperty, word, {.help = help});
      }
      if (keyword == Keyword::kRun) complete_whole_mounts(word);
      return;
    }
    const std::string_view name = word.substr(2, equals - 2);
    const std::string_view value = word.substr(equals + 1);
    if (name == "from") return complete_stage(value);
    if (name == "mount") return complete_mount(value);
    for (const Values& known : known_values()) {
      if (known.keyword != keyword || known.flag != name) continue;
      for (const std::string_view one : known.values) {
        const auto* help = editor::find_help(fmt::format("{} --{}={}", name_of(keyword), name, one));
        add(std::string(one), Item::kValue, value, {.help = help});
      }
    }
  }

  void complete_whole_mounts(std::string_view word) {
    for (const MountOptions& mount : mount_options()) {
      if (const Help* help = mount_help(fmt::format("type={}", mount.type), false)) add_snippet(*help, word);
    }
  }

  void complete_mount(std::string_view value) {
    const size_t comma = value.rfind(',');
    const std::string_view option = comma == std::string_view::npos ? value : value.substr(comma + 1);
    const auto after = [&](std::string_view key) { return option.substr(key.size()); };
    if (option.starts_with("from=")) return complete_stage(after("from="));
    if (option.starts_with("source=")) return complete_path(after("source="));
    if (option.starts_with("sharing=")) {
      for (const std::string_view sharing : {"shared", "private", "locked"}) {
        const Help* help = mount_help(fmt::format("sharing={}", sharing), true);
        add(std::string(sharing), Item::kValue, after("sharing="), {.help = help});
      }
      return;
    }
    if (option.starts_with("type=")) {
      for (const MountOptions& mount : mount_options())
        add(std::string(mount.type), Item::kValue, after("type="),
            {.help = mount_help(fmt::format("type={}", mount.type), false)});
      return;
    }
    if (comma == std::string_view::npos) add("type=", Item::kProperty, option);
    const size_t type = value.find("type=");
    const std::string_view named =
        type == std::string_view::npos ? "bind" : value.substr(type + 5, value.find(',', type) - type - 5);
    for (const MountOptions& mount : mount_options()) {
      if (mount.type != named) continue;
      for (const std::string_view one : mount.options)
        add(std::string(one), Item::kProperty, option, {.help = mount_help(one, false)});
    }
  }

  void complete_stage(std::string_view typed) {
    const auto here = stage_at(parsed_, offset_);
    for (const plan::Stage& stage : parsed_.graph.stages) {
      if (here && stage.index >= *here) break;
      const bool known = stage.from != nullptr;
      add(stage.label(), Item::kModule, typed, {.detail = known ? stage.from->one_line() : "stage"});
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

  const editor::Workspace::ParsedDockerfile& parsed_;
  const uint32_t offset_;
  const Positions& positions_;
  const std::string& folder_;
  const context::FileSystem& files_;
  const bool snippets_;
  json items_ = json::array();
  std::set<std::string> seen_;
};

}  // namespace

json completions(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset,
                 const Positions& positions, const std::string& folder, const context::FileSystem& files,
                 bool snippets) {
  return DockerfileCompletion(parsed, offset, positions, folder, files, snippets).run();
}

}  // namespace dcache::lsp
