#include "rules/ci.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "dcache/dockerfile/parser.h"
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
    return std::move(builds_);
  }

 private:
  void read_workflow(const YAML::Node& root) {
    const YAML::Node jobs = member(root, "jobs");
    if (!jobs.IsMap()) return;
    for (const auto& entry : jobs) {
      starts_empty_ = is_hosted(entry.second);
      has_builder_ = docker_driver_ = false;
      ++job_;
      const YAML::Node steps = member(entry.second, "steps");
      if (!steps.IsSequence()) continue;
      for (const YAML::Node& step : steps) {
        const std::string action = scalar(member(step, "uses"));
        if (action.starts_with("docker/setup-buildx-action")) {
          docker_driver_ = scalar(member(member(step, "with"), "driver")) == "docker";
          has_builder_ = !docker_driver_;
        }
        if (action.starts_with("docker/build-push-action")) read_action(step);
        read_commands(member(step, "run"));
      }
    }
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
    CiBuild build;
    build.action = true;
    build.starts_empty = starts_empty_;
    build.has_builder = has_builder_;
    build.docker_driver = docker_driver_;
    build.job = job_;
    build.span = line_span(member(step, "uses").Mark().line);
    const YAML::Node& with = member(step, "with");
    if (with.IsMap()) {
      build.file = scalar(member(with, "file"));
      build.context = scalar(member(with, "context"));
      build.target = scalar(member(with, "target"));
      build.cache_from = lines_of(scalar(member(with, "cache-from")));
      build.cache_to = lines_of(scalar(member(with, "cache-to")));
      build.no_cache = scalar(member(with, "no-cache")) == "true";
      for (const char* input : {"file", "context", "target", "platforms", "build-args"}) {
        const bool differs = scalar(member(with, input)).find("matrix.") != std::string::npos;
        build.differs_by_matrix = build.differs_by_matrix || differs;
      }
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
      if (at < words.size() && words[at].text == "build") read_command(words.subspan(at + 1), node);
    }
  }

  void read_command(std::span<const shell::Word> words, const YAML::Node& node) {
    CiBuild build;
    build.starts_empty = starts_empty_;
    build.has_builder = has_builder_;
    build.docker_driver = docker_driver_;
    build.job = job_;
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
        if (value() == "BUILDKIT_INLINE_CACHE=1") build.cache_to.emplace_back("type=inline");
      } else if (option == "--call") {
        builds = value() == "build";
      } else if (word == "--check" || word == "--print" || word == "--help") {
        builds = false;
      } else if (option == "--no-cache") {
        build.no_cache = true;
      } else if (option == "-t" || option == "--tag" || option == "--platform" || option == "--label" ||
                 option == "--secret" || option == "--ssh" || option == "-o" || option == "--output") {
        value();
      } else if (word == "-" || !word.starts_with('-')) {
        build.context = word;
      }
    }
    if (builds) builds_.push_back(std::move(build));
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
  size_t job_ = 0;
  int last_line_ = -1;
  std::vector<CiBuild> builds_;
};

// The root of the repository that a definition belongs to.
std::string root_of(const Companion& companion) {
  std::string folder(text::parent_path(companion.path()));
  if (companion.kind() != CompanionKind::kWorkflow) return folder;
  return std::string(text::parent_path(text::parent_path(folder)));
}

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
  const std::string context = build.context.empty() ? "." : build.context;
  const std::string file = build.file.empty() ? text::join_path(context, "Dockerfile") : build.file;
  if (file.find('$') != std::string::npos || file.find("://") != std::string::npos) return std::nullopt;
  const std::string inside = text::clean_path(file);
  if (inside.starts_with("..") || inside.starts_with('/')) return std::nullopt;
  const auto text = companion.files().read(text::join_path(root_of(companion), inside));
  if (!text) return std::nullopt;
  const dockerfile::File parsed = dockerfile::parse(*text);
  return std::ranges::count(parsed.instructions(), dockerfile::Keyword::kFrom,
                            &dockerfile::Instruction::keyword);
}

}  // namespace dcache::rules
