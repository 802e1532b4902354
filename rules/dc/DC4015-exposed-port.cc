#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/final_image.h"

namespace dcache::rules::DC4015 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// A server and the options that say which port it listens on, as PORT, HOST:PORT or tcp://HOST:PORT. Sources:
// the documentation of each, `--help` of its current version.
struct Server {
  std::string_view program;
  std::array<std::string_view, 3> options;  // empty: none
  std::string_view subcommand = {};         // that has to be given
  bool argument = false;                    // the port is an argument of the subcommand too
};
constexpr Server kServers[] = {
    {"uvicorn", {"--port"}},
    {"gunicorn", {"-b", "--bind"}},
    {"hypercorn", {"-b", "--bind"}},
    {"daphne", {"-p", "--port"}},
    {"waitress-serve", {"--port", "--listen"}},
    {"flask", {"-p", "--port"}, "run"},
    {"fastapi", {"--port"}, "run"},
    {"streamlit", {"--server.port"}, "run"},
    {"manage.py", {}, "runserver", true},
    {"http.server", {}, {}, true},
    {"php", {"-S"}},
    {"puma", {"-p", "--port", "-b"}},
    {"rails", {"-p", "--port"}},
    {"rackup", {"-p", "--port"}},
    {"http-server", {"-p", "--port"}},
    {"next", {"-p", "--port"}, "start"},
    {"ng", {"--port"}, "serve"},
    {"vite", {"--port"}},
    {"redis-server", {"--port"}},
    {"mongod", {"--port"}},
};

bool is_name(std::string_view word, std::string_view program) {
  return text::base_name(word) == program;
}

// The port at the end of "8000", ":8000", "0.0.0.0:8000" or "tcp://0.0.0.0:8000"; nothing for other words.
std::optional<uint32_t> port_in(std::string_view word) {
  const std::string_view digits = word.substr(word.rfind(':') + 1);
  uint32_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool is_port =
      error == std::errc() && end == digits.data() + digits.size() && port > 0 && port < 65536;
  return is_port ? std::optional(port) : std::nullopt;
}

// What a server is told to listen on.
struct ListenPorts {
  std::string_view program;
  std::vector<uint32_t> ports;  // empty if that is not known
};

std::vector<uint32_t> ports_of(const Server& server, std::span<const std::string> words) {
  const auto is_option = [&](std::string_view word) {
    return !word.empty() && std::ranges::find(server.options, word) != server.options.end();
  };
  if (!server.subcommand.empty()) {
    const auto subcommand = std::ranges::find(words, server.subcommand);
    if (subcommand == words.end()) return {};
    words = words.subspan(static_cast<size_t>(subcommand - words.begin()) + 1);
  }
  std::vector<uint32_t> ports;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    std::optional<uint32_t> port;
    const size_t equals = word.find('=');
    if (equals != std::string_view::npos && is_option(word.substr(0, equals))) {
      port = port_in(word.substr(equals + 1));
    } else if (is_option(word)) {
      port = i + 1 < words.size() ? port_in(words[i + 1]) : std::nullopt;
    } else if (server.argument && !word.starts_with('-')) {
      port = port_in(word);
    } else {
      continue;
    }
    if (!port) return {};  // a variable, or a socket
    ports.push_back(*port);
    if (!is_option(word.substr(0, equals))) break;
  }
  return ports;
}

// The first server that the words start, if they say where it listens.
ListenPorts listening(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const auto server =
        std::ranges::find_if(kServers, [&](const Server& one) { return is_name(words[i], one.program); });
    if (server == std::end(kServers)) continue;
    return {server->program, ports_of(*server, std::span(words).subspan(i + 1))};
  }
  return {};
}

// Whether EXPOSE names the port, alone or in a range, or can't be read.
bool includes(std::string_view exposed, uint32_t port) {
  exposed = exposed.substr(0, exposed.find('/'));
  const size_t hyphen = exposed.find('-');
  const auto first = port_in(exposed.substr(0, hyphen));
  const auto last = hyphen == std::string_view::npos ? first : port_in(exposed.substr(hyphen + 1));
  return !first || !last || (*first <= port && port <= *last);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const FinalImage& image = final_image(dockerfile);
  const ListenPorts told = listening(image.started);
  if (told.ports.empty()) return;
  const auto is_exposed = [&](const dockerfile::Word& word) {
    return std::ranges::any_of(told.ports, [&](uint32_t port) { return includes(word.text, port); });
  };
  std::vector<const Instruction*> exposes;
  for (const Instruction* instruction : image.instructions) {
    if (instruction->keyword != Keyword::kExpose) continue;
    if (std::ranges::any_of(instruction->arguments, is_exposed)) return;
    exposes.push_back(instruction);
  }
  if (exposes.empty()) return;
  const Instruction& last = *exposes.back();
  auto& finding = reporter.report(
      last.span,
      fmt::format("{} listens on port {}, and {} names {}", told.program, fmt::join(told.ports, " and "),
                  exposes.size() == 1 ? "EXPOSE" : "no EXPOSE", exposes.size() == 1 ? "another one" : "it"),
      fmt::format("write EXPOSE {}", told.ports.front()));
  if (exposes.size() > 1 || last.arguments.size() != 1 || told.ports.size() > 1) return;
  finding.focus = last.arguments.front().span;
  finding.fix = replace(last.arguments.front().span, fmt::format("{}", told.ports.front()),
                        fmt::format("write {}", told.ports.front()));
  finding.fix->unsafe_because = "the port of the program may be the wrong one";
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#expose"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4015",
          .name = "exposed-port",
          .level = lint::Level::kWarning,
          .fix = lint::FixKind::kUnsafe,
          .summary = "EXPOSE does not name the port that the program is told to listen on",
          .rationale =
              "EXPOSE opens nothing: it tells people and tools which port to publish. `docker run -P`, "
              "Testcontainers, reverse proxies such as Traefik, and hosting services read it, and connect to "
              "a port where nothing answers. The rule knows the options of common servers, for example "
              "`uvicorn --port` and `gunicorn --bind`, and says nothing if the port comes from a variable.",
          .fix_note =
              "Replaces the port, if there is only one EXPOSE. The fix is unsafe: the port of the program "
              "may be the "
              "wrong one.",
          .bad = {"FROM python:3.13-slim\n"
                  "EXPOSE 3000\n"
                  "CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n"},
          .good = {"FROM python:3.13-slim\n"
                   "EXPOSE 8000\n"
                   "CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4015
