#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/final_image.h"
#include "rules/package_managers.h"
#include "rules/root.h"

namespace dcache::rules::DC1022 {
namespace {

using dockerfile::Instruction;

// Windows has no root.
bool drops_root(std::string_view image) {
  return lint::is_image(lint::ImageKind::kWithoutRoot, image) ||
         lint::is_image(lint::ImageKind::kWindows, image);
}

// What needs root, or may be told to do anything.
constexpr std::string_view kNeedRoot[] = {"dockerd", "init",    "systemd",  "sudo",    "openvpn",  "dnsmasq",
                                          "named",   "postfix", "rsyslogd", "bash",    "sh",       "zsh",
                                          "mysqld",  "chroot",  "lighttpd", "radiusd", "sniproxy", "tcpdump",
                                          "true",    "false",   "echo"};

// The words of what runs, after a program that only passes on signals.
std::span<const std::string> without_init(std::span<const std::string> words) {
  constexpr std::string_view kInits[] = {"tini", "tini-static", "dumb-init", "catatonit", "docker-init"};
  if (words.empty() || std::ranges::find(kInits, text::base_name(words.front())) == std::end(kInits))
    return words;
  size_t at = 1;
  for (; at < words.size() && words[at].starts_with('-'); ++at) {
    if (words[at] == "--") {
      ++at;
      break;
    }
    if (words[at] == "-p" || words[at] == "--rewrite" || words[at] == "-r") ++at;  // these have a value
  }
  return at < words.size() ? words.subspan(at) : words;
}

// Commands that serve nobody.
bool is_command_line_tool(std::string_view program) {
  constexpr std::string_view kNames[] = {"echo", "printf", "true", "false", "cat",  "sleep", "tail",
                                         "ls",   "pwd",    "date", "env",   "test", "id",    "uname"};
  return std::ranges::find(kNames, program) != std::end(kNames);
}

// Whether the words start something that serves, as far as their names tell.
bool names_server(std::span<const std::string> words) {
  constexpr std::string_view kServers[] = {
      "gunicorn", "uvicorn", "hypercorn", "daphne",    "waitress-serve", "flask",  "celery", "streamlit",
      "puma",     "unicorn", "rails",     "rackup",    "thin",           "java",   "dotnet", "npm",
      "yarn",     "pnpm",    "bundle",    "next",      "nuxt",           "nest",   "pm2",    "pm2-runtime",
      "caddy",    "envoy",   "etcd",      "memcached", "minio",          "mongod", "redis",  "postgres",
      "fastapi",  "consul",  "nomad",     "vault"};
  constexpr std::string_view kScripts[] = {"app", "server", "index", "main", "wsgi", "asgi", "manage"};
  const std::string_view program = text::base_name(words.front());
  const bool interpreter = program.starts_with("python") || program == "node" || program == "deno" ||
                           program == "bun" || program == "ruby" || program == "php" || program == "perl";
  const bool daemon = words.front().find("/sbin/") != std::string::npos;
  return daemon || program.find("server") != std::string_view::npos ||
         std::ranges::find(kServers, program) != std::end(kServers) ||
         std::ranges::any_of(words.subspan(1), [&](std::string_view word) {
           if (word == "serve" || word == "server" || word == "runserver") return true;
           const std::string_view name = text::base_name(word);
           return interpreter &&
                  std::ranges::find(kScripts, name.substr(0, name.find('.'))) != std::end(kScripts);
         });
}

bool offers_anything(lint::Dockerfile& dockerfile) {
  return std::ranges::any_of(dockerfile.file().instructions(), [](const Instruction& one) {
    return one.keyword == dockerfile::Keyword::kExpose || one.keyword == dockerfile::Keyword::kVolume;
  });
}

// Whether it is one of the images that only carry files: what is to be started is not among them.
bool is_carrier(const FinalImage& image, std::string_view program) {
  return image.base == "scratch" && std::ranges::none_of(image.instructions, [&](const Instruction* one) {
           const bool brings =
               one->keyword == dockerfile::Keyword::kCopy || one->keyword == dockerfile::Keyword::kAdd;
           const bool whole = brings && !one->arguments.empty() && one->arguments.front().text.ends_with('/');
           return whole || (brings && one->joined.find(program) != std::string_view::npos);
         });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const FinalImage& image = final_image(dockerfile);
  const Instruction* starter = image.starter();
  if (starter == nullptr || image.started.empty() || image.starts_script() || drops_root(image.base)) return;
  const std::span<const std::string> words = without_init(image.started);
  const std::string_view program = text::base_name(words.front());
  if (is_command_line_tool(program) || is_carrier(image, program)) return;
  if (!offers_anything(dockerfile) && !names_server(words)) return;
  if (const auto text = copied_program(dockerfile, image, words.front()); text && text->starts_with("#!"))
    return;
  if (gives_up_root(image) ||
      std::ranges::any_of(kNeedRoot, [&](std::string_view one) { return image.starts(one); }))
    return;
  if (image.user == nullptr) {
    if (image.base_is_built) return;  // its Dockerfile may have one
    reporter.report(starter->span, fmt::format("{} runs as root: the Dockerfile has no USER", words.front()),
                    "add USER with a user that can write only to the files that the program changes");
    return;
  }
  const std::string_view user =
      image.user->arguments.empty() ? "" : dockerfile.graph().text_of(image.user->arguments.front());
  if (!read_owner(user).is_root()) return;
  lint::Diagnostic& diagnostic =
      reporter.report(image.user->span, fmt::format("{} runs as root", words.front()),
                      "add USER with another user at the end of the stage");
  diagnostic.aliases = {"DL3002"};
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#user",
                                            "https://docs.docker.com/reference/dockerfile/#user"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1022",
          .name = "root-at-run-time",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "The program of the image runs as root",
          .rationale =
              "Root in a container is root on the host with fewer rights: a vulnerability in the program "
              "reaches everything that is mounted or shared, and can change the program's own files. Few "
              "programs need root after they are installed, and in Docker's containers every user can open "
              "ports below 1024.\n\n"
              "Base images that are known to run as another user are not reported. Neither are services that "
              "start as root and then give it up, start scripts, which may do the same, and command line "
              "tools: images without EXPOSE and VOLUME whose program is not known to be a server.",
          .bad = {"FROM python:3.12\n"
                  "COPY app.py /srv/app.py\n"
                  "CMD [\"python\", \"/srv/app.py\"]\n"},
          .good = {"FROM python:3.12\n"
                   "RUN useradd --no-log-init --uid 10001 app\n"
                   "COPY app.py /srv/app.py\n"
                   "USER 10001\n"
                   "CMD [\"python\", \"/srv/app.py\"]\n"},
          .references = kReferences,
          .security_severity = "4.5",
          .check = check};
}

}  // namespace dcache::rules::DC1022
