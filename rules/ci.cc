#include "rules/ci.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/plan/graph.h"
#include "dcache/shell/script.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

using lint::Companion;
using lint::CompanionKind;
using text::Span;

std::string scalar(const YAML::Node& node) {
  return node.IsScalar() ? node.Scalar() : std::string();
}

// A member of a map; a null node where there is none.
YAML::Node member(const YAML::Node& map, const char* key) {
  if (!map || !map.IsMap()) return {};
  const YAML::Node found = map[key];
  return found ? found : YAML::Node();
}

// The lines of a text that say something.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text::trim(text.substr(0, end));
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The parts of an expression that an operator separates, outside of parentheses and quotes.
std::vector<std::string_view> split_expression(std::string_view text, std::string_view op) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (depth != 0 || !text.substr(i).starts_with(op)) continue;
    parts.push_back(text::trim(text.substr(begin, i - begin)));
    begin = i + op.size();
  }
  parts.push_back(text::trim(text.substr(begin)));
  return parts;
}

// For which events a workflow runs, and whether a condition admits those of tags alone.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
class Events {
 public:
  explicit Events(const YAML::Node& on) {
    if (on.IsScalar()) add(on.Scalar(), {});
    if (on.IsSequence()) {
      for (const YAML::Node& event : on)
        add(scalar(event), {});
    }
    if (on.IsMap()) {
      for (const auto& event : on)
        add(scalar(event.first), event.second);
    }
  }

  bool are_for_tags_alone() const { return !tags_.empty() && !others_; }

  // Whether the condition of a job or step holds for tags and releases only.
  bool is_for_tags_alone(std::string_view condition) const {
    constexpr size_t kLongest = 4096;
    condition = text::trim(condition);
    if (condition.size() > kLongest) return false;
    if (condition.starts_with("${{") && condition.ends_with("}}"))
      condition = text::trim(condition.substr(3, condition.size() - 5));
    const auto either = split_expression(condition, "||");
    if (either.size() > 1)
      return std::ranges::all_of(either, [&](std::string_view part) { return is_for_tags_alone(part); });
    const auto both = split_expression(condition, "&&");
    if (both.size() > 1)
      return std::ranges::any_of(both, [&](std::string_view part) { return is_for_tags_alone(part); });
    if (condition.starts_with('(') && condition.ends_with(')'))
      return is_for_tags_alone(condition.substr(1, condition.size() - 2));
    return is_test_for_tags(condition);
  }

 private:
  void add(const std::string& event, const YAML::Node& filter) {
    const auto has = [&](const char* key) { return !member(filter, key).IsNull(); };
    const bool tags =
        event == "push" && (has("tags") || has("tags-ignore")) && !has("branches") && !has("branches-ignore");
    // These run for what somebody chooses.
    const bool by_hand =
        event == "workflow_dispatch" || event == "workflow_call" || event == "repository_dispatch";
    if (tags || event == "release") {
      tags_.push_back(event);
    } else if (!by_hand) {
      others_ = true;
    }
  }

  bool is_test_for_tags(std::string_view condition) const {
    std::string plain;
    for (const char c : condition) {
      if (!text::is_ascii_space(c)) plain += c;
    }
    if (plain == "github.ref_type=='tag'" || plain.starts_with("startsWith(github.ref,'refs/tags") ||
        plain.starts_with("contains(github.ref,'refs/tags"))
      return true;
    constexpr std::string_view kEvent = "github.event_name=='";
    if (!plain.starts_with(kEvent) || !plain.ends_with('\'')) return false;
    const std::string_view event =
        std::string_view(plain).substr(kEvent.size(), plain.size() - kEvent.size() - 1);
    return event == "release" || std::ranges::find(tags_, event) != tags_.end();
  }

  std::vector<std::string> tags_;  // events of tags and releases
  bool others_ = false;            // it runs for branches, pull requests or a schedule too
};

// Adds the names of the matrix that an expression reads, each once: "matrix.name".
void add_matrix_names(std::string_view text, std::vector<std::string>& names) {
  constexpr std::string_view kMatrix = "matrix.";
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  for (size_t at = text.find(kMatrix); at != std::string_view::npos; at = text.find(kMatrix, at + 1)) {
    const size_t end = std::min(text.find_first_not_of(kName, at), text.size());
    std::string name(text.substr(at, end - at));
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
}

// A reference without tag and digest; empty if the name itself is not known.
std::string_view name_without_tag(std::string_view reference) {
  const size_t slash = reference.rfind('/', reference.find('$'));
  const size_t from = slash == std::string_view::npos ? 0 : slash;
  const std::string_view name =
      reference.substr(0, std::min(reference.find_first_of(":@", from), reference.size()));
  return name.find('$') == std::string_view::npos ? name : std::string_view();
}

// The root of the repository that a definition belongs to.
std::string root_of(const Companion& companion) {
  std::string folder(text::parent_path(companion.path()));
  if (companion.kind() != CompanionKind::kWorkflow) return folder;
  return std::string(text::parent_path(text::parent_path(folder)));
}

// The text of the build's Dockerfile; nothing where that is not found.
std::optional<std::string> dockerfile_text(const Companion& companion, const CiBuild& build) {
  const std::string context = build.context.empty() ? "." : build.context;
  const std::string file = build.file.empty() ? text::join_path(context, "Dockerfile") : build.file;
  if (file.find('$') != std::string::npos || file.find("://") != std::string::npos) return std::nullopt;
  const std::string inside = text::clean_path(file);
  if (inside.starts_with("..") || inside.starts_with('/')) return std::nullopt;
  const auto text = companion.files().read(text::join_path(root_of(companion), inside));
  return text ? std::optional(*text) : std::nullopt;
}

class Reader {
 public:
  explicit Reader(Companion& companion) : companion_(companion) {}

  std::vector<CiBuild> read() {
    const YAML::Node root = YAML::Load(std::string(companion_.text().source()));
    if (!root.IsMap()) return {};
    if (companion_.kind() == CompanionKind::kWorkflow) {
      read_workflow(root);
    } else {
      read_gitlab(root);
    }
    find_local_images();
    return std::move(builds_);
  }

 private:
  void read_workflow(const YAML::Node& root) {
    const YAML::Node jobs = member(root, "jobs");
    if (!jobs.IsMap()) return;
    const std::string_view source = companion_.text().source();
    const Events events(member(root, "on"));
    const bool mentions_cache = source.find("cache-from") != std::string_view::npos ||
                                source.find("cache-to") != std::string_view::npos;
    const bool names_builder = source.find("BUILDX_BUILDER") != std::string_view::npos;
    for (const auto& entry : jobs) {
      const YAML::Node& job = entry.second;
      const size_t first = builds_.size();
      starts_empty_ = is_hosted(job);
      has_builder_ = docker_driver_ = setup_is_conditional_ = other_builder_ = false;
      ++job_;
      const bool job_for_tags =
          events.are_for_tags_alone() || events.is_for_tags_alone(scalar(member(job, "if")));
      const YAML::Node steps = member(job, "steps");
      if (!steps.IsSequence()) continue;
      for (const YAML::Node& step : steps) {
        const size_t before = builds_.size();
        const std::string action = scalar(member(step, "uses"));
        if (action.starts_with("docker/setup-buildx-action")) read_setup(step);
        if (action.starts_with("docker/build-push-action")) read_action(step);
        read_commands(member(step, "run"));
        const bool for_tags = job_for_tags || events.is_for_tags_alone(scalar(member(step, "if")));
        for (CiBuild& build : std::span(builds_).subspan(before))
          build.for_tags_alone = for_tags;
      }
      for (CiBuild& build : std::span(builds_).subspan(first)) {
        build.mentions_cache = mentions_cache;
        build.other_builder = build.other_builder || other_builder_ || names_builder;
        // Runners of a matrix build for platforms of their own.
        if (build.matrix.empty()) add_matrix_names(scalar(member(job, "runs-on")), build.matrix);
      }
    }
  }

  void read_setup(const YAML::Node& step) {
    const YAML::Node with = member(step, "with");
    const std::string driver = scalar(member(with, "driver"));
    docker_driver_ = driver == "docker";
    has_builder_ = !docker_driver_;
    setup_is_conditional_ = !member(step, "if").IsNull();
    // GitHub's current cache service needs Buildx 0.21 and BuildKit 0.20.
    const bool old = scalar(member(with, "version")).starts_with("v0.") ||
                     scalar(member(with, "driver-opts")).find("buildkit:v0.1") != std::string::npos;
    if (old || driver == "cloud" || driver == "remote" || scalar(member(with, "use")) == "false")
      other_builder_ = true;
  }

  // Runners of the service itself are new for each job.
  static bool is_hosted(const YAML::Node& job) {
    const YAML::Node runner = member(job, "runs-on");
    const bool list = runner.IsSequence() && runner.size() == 1;
    const std::vector<std::string> names =
        values_of(scalar(list ? *runner.begin() : runner), member(member(job, "strategy"), "matrix"));
    return !names.empty() && std::ranges::all_of(names, [](const std::string& name) {
      return name.starts_with("ubuntu-") || name.starts_with("windows-") || name.starts_with("macos-");
    });
  }

  // What `${{ matrix.NAME }}` means in the jobs of a matrix; other text is meant literally.
  static std::vector<std::string> values_of(const std::string& text, const YAML::Node& matrix) {
    std::string_view name = text;
    if (!name.starts_with("${{") || !name.ends_with("}}")) return {text};
    name = text::trim(name.substr(3, name.size() - 5));
    constexpr std::string_view kMatrix = "matrix.";
    if (!name.starts_with(kMatrix)) return {text};
    const std::string variable(name.substr(kMatrix.size()));
    std::vector<std::string> values;
    const YAML::Node listed = member(matrix, variable.c_str());
    if (listed.IsSequence()) {
      for (const YAML::Node& value : listed)
        values.push_back(scalar(value));
    }
    const YAML::Node more = member(matrix, "include");
    if (more.IsSequence()) {
      for (const YAML::Node& job : more) {
        const YAML::Node value = member(job, variable.c_str());
        if (!value.IsNull()) values.push_back(scalar(value));
      }
    }
    return values;
  }

  void read_action(const YAML::Node& step) {
    CiBuild build = new_build();
    build.action = true;
    build.span = line_span(member(step, "uses").Mark().line);
    const YAML::Node& with = member(step, "with");
    build.exports_nothing = true;
    if (with.IsMap()) {
      build.file = scalar(member(with, "file"));
      build.context = scalar(member(with, "context"));
      build.target = scalar(member(with, "target"));
      build.cache_from = lines_of(scalar(member(with, "cache-from")));
      build.cache_to = lines_of(scalar(member(with, "cache-to")));
      build.no_cache = scalar(member(with, "no-cache")) == "true";
      for (const char* input : {"file", "context", "target", "platforms", "build-args"})
        add_matrix_names(scalar(member(with, input)), build.matrix);
      build.differs_by_matrix = !build.matrix.empty();
      build.tags = lines_of(scalar(member(with, "tags")));
      build.references = scalar(member(with, "build-args")) + "\n" + scalar(member(with, "build-contexts"));
      build.other_builder = !member(with, "builder").IsNull();
      build.exports_nothing = scalar(member(with, "push")).empty() && scalar(member(with, "load")).empty() &&
                              scalar(member(with, "outputs")).empty();
      if (build.cache_to.size() == 1)
        build.cache_to_value = find(member(with, "cache-to"), build.cache_to.front());
      if (with.size() > 0) build.with = line_span(with.begin()->first.Mark().line);
    }
    const std::string call = scalar(member(with, "call"));
    if (call.empty() || call == "build") builds_.push_back(std::move(build));
  }

  void read_gitlab(const YAML::Node& root) {
    const auto has_daemon = [](const YAML::Node& services) {
      if (!services.IsSequence()) return false;
      return std::any_of(services.begin(), services.end(), [](const YAML::Node& service) {
        const std::string name = service.IsMap() ? scalar(member(service, "name")) : scalar(service);
        return name.find("docker") != std::string::npos && name.find("dind") != std::string::npos;
      });
    };
    const bool everywhere =
        has_daemon(member(root, "services")) || has_daemon(member(member(root, "default"), "services"));
    for (const auto& entry : root) {
      const YAML::Node& job = entry.second;
      if (!job.IsMap()) continue;
      ++job_;
      starts_empty_ = has_daemon(member(job, "services")) || (everywhere && member(job, "services").IsNull());
      const YAML::Node& script = member(job, "script");
      if (script.IsSequence()) {
        for (const YAML::Node& line : script)
          read_commands(line);
      } else {
        read_commands(script);
      }
    }
  }

  void read_commands(const YAML::Node& node) {
    const std::string script = scalar(node);
    text::Arena texts;
    for (const shell::Command& command : shell::split(script, texts)) {
      const auto words = shell::invocation(command);
      if (shell::program_of(words) != "docker") continue;
      size_t at = 1;
      while (at < words.size() && (words[at].text == "buildx" || words[at].text == "image"))
        ++at;
      if (at >= words.size()) continue;
      if (words[at].text == "build") read_command(words.subspan(at + 1), node);
      if (at > 1 && words[at].text == "use") other_builder_ = true;
    }
  }

  void read_command(std::span<const shell::Word> words, const YAML::Node& node) {
    CiBuild build = new_build();
    build.span = find_line(node);
    bool builds = true;  // otherwise it only checks or describes the Dockerfile
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i].text;
      const std::string_view option = word.substr(0, word.find('='));
      const auto value = [&]() -> std::string {
        if (option.size() < word.size()) return std::string(word.substr(option.size() + 1));
        return i + 1 < words.size() ? std::string(words[++i].text) : std::string();
      };
      if (option == "--cache-from") {
        build.cache_from.push_back(value());
      } else if (option == "--cache-to") {
        build.cache_to.push_back(value());
      } else if (option == "-f" || option == "--file") {
        build.file = value();
      } else if (option == "--target") {
        build.target = value();
      } else if (option == "--build-arg") {
        const std::string argument = value();
        if (argument == "BUILDKIT_INLINE_CACHE=1") build.cache_to.emplace_back("type=inline");
        build.references += argument + "\n";
      } else if (option == "--build-context") {
        build.references += value() + "\n";
      } else if (option == "-t" || option == "--tag") {
        build.tags.push_back(value());
      } else if (option == "--builder") {
        value();
        build.other_builder = true;
      } else if (option == "--call") {
        builds = value() == "build";
      } else if (word == "--check" || word == "--print" || word == "--help") {
        builds = false;
      } else if (option == "--no-cache") {
        build.no_cache = true;
      } else if (option == "--platform" || option == "--label" || option == "--secret" || option == "--ssh" ||
                 option == "-o" || option == "--output") {
        value();
      } else if (word == "-" || !word.starts_with('-')) {
        build.context = word;
      }
    }
    if (builds) builds_.push_back(std::move(build));
  }

  CiBuild new_build() const {
    CiBuild build;
    build.starts_empty = starts_empty_;
    build.has_builder = has_builder_;
    build.docker_driver = docker_driver_;
    build.setup_is_conditional = setup_is_conditional_;
    build.job = job_;
    return build;
  }

  void find_local_images() {
    for (CiBuild& build : builds_) {
      if (build.has_builder) continue;
      for (CiBuild& earlier : std::span(builds_.data(), &build)) {
        if (earlier.job != build.job || !uses_image_of(build, earlier)) continue;
        for (CiBuild& one : builds_)
          one.shares_local_image = one.shares_local_image || one.job == build.job;
        break;
      }
    }
  }

  // Whether a build starts from the image of another, or copies from it.
  bool uses_image_of(const CiBuild& build, const CiBuild& other) const {
    const auto text = dockerfile_text(companion_, build);
    // Anyone who asks for this builder has a reason.
    if (!text && build.docker_driver) return true;
    const dockerfile::File parsed = dockerfile::parse(text.value_or(""));
    const plan::Graph graph = plan::build_graph(parsed, {});
    return std::ranges::any_of(other.tags, [&](const std::string& tag) {
      const std::string_view name = name_without_tag(tag);
      if (name.empty()) return false;
      const auto is_named = [&](std::string_view reference) { return name_without_tag(reference) == name; };
      if (build.references.find(name) != std::string::npos) return true;
      return std::ranges::any_of(graph.steps, [&](const plan::Step& step) {
        return (step.kind == plan::Step::Kind::kImage && is_named(step.image)) ||
               std::ranges::any_of(step.reads, [&](const plan::Read& read) {
                 return read.origin == plan::Read::Origin::kImage && is_named(read.name);
               });
      });
    });
  }

  Span line_span(int line) const {
    Span span = companion_.text().lines().line_span(static_cast<uint32_t>(line) + 1);
    const std::string_view text = span.of(companion_.text().source());
    const std::string_view shown = text::trim(text);
    span.begin += static_cast<uint32_t>(shown.data() - text.data());
    span.end = span.begin + static_cast<uint32_t>(shown.size());
    return span;
  }

  // The line of a script that builds: a block starts below its key. Each is given once.
  Span find_line(const YAML::Node& node) {
    const int first = std::max(node.Mark().line, last_line_ + 1);
    const auto count = static_cast<int>(companion_.text().lines().line_count());
    for (int line = first; line < count; ++line) {
      const std::string_view text = line_span(line).of(companion_.text().source());
      if (text.starts_with('#')) continue;
      const size_t docker = text.find("docker");
      if (docker == std::string_view::npos || text.find("build", docker) == std::string_view::npos) continue;
      last_line_ = line;
      return line_span(line);
    }
    return line_span(node.Mark().line);
  }

  // Where a value is, if it is written as it reads on the line of its node.
  std::optional<Span> find(const YAML::Node& node, std::string_view value) const {
    const Span line = line_span(node.Mark().line);
    const size_t at = line.of(companion_.text().source()).find(value);
    if (at == std::string_view::npos) return std::nullopt;
    const uint32_t begin = line.begin + static_cast<uint32_t>(at);
    return Span{begin, begin + static_cast<uint32_t>(value.size())};
  }

  Companion& companion_;
  bool starts_empty_ = false;
  bool has_builder_ = false;
  bool docker_driver_ = false;
  bool setup_is_conditional_ = false;
  bool other_builder_ = false;
  size_t job_ = 0;
  int last_line_ = -1;
  std::vector<CiBuild> builds_;
};

}  // namespace

std::vector<CiBuild> ci_builds(Companion& companion) {
  try {
    return Reader(companion).read();
  } catch (const YAML::Exception&) {
    return {};  // the service says what is wrong with it
  }
}

std::string_view cache_attribute(std::string_view cache, std::string_view name) {
  if (cache.find('=') == std::string_view::npos) return name == "type" ? "registry" : "";
  while (!cache.empty()) {
    const std::string_view part = text::trim(cache.substr(0, cache.find(',')));
    if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
      return part.substr(name.size() + 1);
    cache.remove_prefix(std::min(cache.find(','), cache.size() - 1) + 1);
  }
  return {};
}

std::optional<size_t> stages_of(const Companion& companion, const CiBuild& build) {
  const auto text = dockerfile_text(companion, build);
  if (!text) return std::nullopt;
  const dockerfile::File parsed = dockerfile::parse(*text);
  return std::ranges::count(parsed.instructions(), dockerfile::Keyword::kFrom,
                            &dockerfile::Instruction::keyword);
}

}  // namespace dcache::rules
