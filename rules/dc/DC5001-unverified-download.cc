#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/invocations.h"
#include "rules/stages.h"

namespace dcache::rules::DC5001 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// An option that turns a check off. A single letter is a letter of `-kL`; other words are written as they
// are.
struct Option {
  std::string_view program;
  std::string_view option;
  bool signatures = false;  // of packages; otherwise certificates of servers
};
constexpr Option kOptions[] = {
    {"curl", "k", false},
    {"curl", "insecure", false},
    {"wget", "no-check-certificate", false},
    {"git", "http.sslVerify=false", false},
    {"git", "http.sslVerify=0", false},
    {"pip", "trusted-host", false},
    {"pip3", "trusted-host", false},
    {"npm", "strict-ssl=false", false},
    {"apt-get", "allow-unauthenticated", true},
    {"apt-get", "force-yes", true},
    {"apt", "allow-unauthenticated", true},
    {"apk", "allow-untrusted", true},
    {"yum", "nogpgcheck", true},
    {"dnf", "nogpgcheck", true},
    {"yum", "sslverify=false", false},
    {"yum", "sslverify=0", false},
    {"dnf", "sslverify=false", false},
    {"dnf", "sslverify=0", false},
    {"microdnf", "sslverify=false", false},
    {"microdnf", "sslverify=0", false},
    {"microdnf", "nogpgcheck", true},
    {"tdnf", "nogpgcheck", true},
    {"zypper", "no-gpg-checks", true},
    {"rpm", "nosignature", true},
    {"rpm", "nodigest", true},
};

// A setting of two words, as in `npm config set strict-ssl false`.
struct Setting {
  std::string_view program;
  std::string_view key;
};
constexpr Setting kSettings[] = {
    {"git", "http.sslVerify"}, {"git", "http.sslverify"}, {"npm", "strict-ssl"}, {"yarn", "strict-ssl"}};

// Variables that turn the check of certificates off.
struct Variable {
  std::string_view name;
  std::string_view value;  // empty: any that is not empty
};
constexpr Variable kVariables[] = {{"NODE_TLS_REJECT_UNAUTHORIZED", "0"},
                                   {"PYTHONHTTPSVERIFY", "0"},
                                   {"GIT_SSL_NO_VERIFY", ""},
                                   {"PIP_TRUSTED_HOST", ""},
                                   {"UV_INSECURE_HOST", ""},
                                   {"YARN_ENABLE_STRICT_SSL", "false"},
                                   {"YARN_ENABLE_STRICT_SSL", "0"},
                                   {"NPM_CONFIG_STRICT_SSL", "false"},
                                   {"npm_config_strict_ssl", "false"}};

bool turns_off(std::string_view name, std::string_view value) {
  if (value.find("localhost") != std::string_view::npos || value.starts_with("127.")) return false;
  return std::ranges::any_of(kVariables, [&](const Variable& variable) {
    return variable.name == name &&
           (variable.value.empty() ? !value.empty() : text::equals_ignoring_case(variable.value, value));
  });
}

// The same of a word that reads NAME=VALUE.
bool turns_off(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  return equals != std::string_view::npos &&
         turns_off(assignment.substr(0, equals), unquoted(assignment.substr(equals + 1)));
}

bool has_argument(const Invocation& call, const Option& option) {
  if (option.option.find('=') != std::string_view::npos) {
    return std::ranges::any_of(call.arguments(), [&](const shell::Word& word) {
      std::string_view text = word.text;
      // A setting of yum may name the repository: `--setopt=REPOSITORY.sslverify=0`.
      if (option.option.starts_with("sslverify"))
        text.remove_prefix(text.substr(0, text.rfind('=')).find_last_of("=.") + 1);
      return text::equals_ignoring_case(text, option.option) || text == fmt::format("--{}", option.option);
    });
  }
  return call.has_option({option.option});
}

bool turns_off(const Invocation& call, const Setting& setting) {
  const auto words = call.arguments();
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].text == setting.key) return words[i + 1].text == "false" || words[i + 1].text == "0";
  }
  return false;
}

// Whether a call of a package manager takes nothing from a repository: it installs files that are there, or
// installs nothing.
bool installs_nothing_remote(const Invocation& call) {
  constexpr std::string_view kInstalls[] = {"install", "add",       "upgrade",      "dist-upgrade",
                                            "update",  "reinstall", "groupinstall", "-i",
                                            "-U",      "-Uvh",      "-ivh"};
  constexpr std::string_view kEndings[] = {".apk", ".rpm", ".deb"};
  if (std::ranges::none_of(kInstalls, [&](std::string_view word) { return call.has(word); })) return true;
  if (call.program.starts_with("apt") && call.has("update")) return true;
  return std::ranges::any_of(call.arguments(), [&](const shell::Word& word) {
    return word.text.find("://") == std::string_view::npos &&
           std::ranges::any_of(kEndings,
                               [&](std::string_view ending) { return word.text.ends_with(ending); });
  });
}

// Whether the words of a curl call speak to this machine, whose certificate is its own.
bool is_local(const Invocation& call) {
  return std::ranges::any_of(call.arguments(), [](const shell::Word& word) {
    return word.text.find("://localhost") != std::string_view::npos ||
           word.text.find("://127.") != std::string_view::npos;
  });
}

// Whether the RUN compares checksums after the call: nobody can replace a file whose checksum is known.
bool checks_sums(lint::Dockerfile& dockerfile, const Invocation& call) {
  constexpr std::string_view kPrograms[] = {"sha256sum", "sha384sum", "sha512sum", "shasum"};
  return std::ranges::any_of(kPrograms, [&](std::string_view program) {
    return std::ranges::any_of(invocations_of(dockerfile, program), [&](const Invocation& sum) {
      return sum.run == call.run && sum.command > call.command && sum.has_option({"c", "check"});
    });
  });
}

void report(const Invocation& call, bool signatures, lint::Reporter& reporter,
            std::string_view what = "option") {
  auto& finding = reporter.report(
      call.run->instruction->span,
      signatures
          ? "anyone between the builder and the repository can replace these packages: their signatures "
            "are not checked"
          : "anyone between the builder and the server can replace what this downloads: the certificate "
            "is not checked",
      signatures
          ? std::string("import the key of the repository, and remove the option")
          : fmt::format("install ca-certificates or the certificate of the server, and remove the {}", what));
  finding.focus = call.run->span_of(call.command->spelling);
}

void check_runs(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const lint::Run* reported = nullptr;
  for (const Option& option : kOptions) {
    for (const Invocation& call : invocations_of(dockerfile, option.program)) {
      if (call.run == reported || !has_argument(call, option) || is_local(call)) continue;
      if (option.signatures ? installs_nothing_remote(call) : checks_sums(dockerfile, call)) continue;
      report(call, option.signatures, reporter);
      reported = call.run;
    }
  }
  for (const Setting& setting : kSettings) {
    for (const Invocation& call : invocations_of(dockerfile, setting.program)) {
      if (call.run == reported || !turns_off(call, setting)) continue;
      report(call, false, reporter);
      reported = call.run;
    }
  }
}

// Whether a command is given such a variable, or exports it to those after it.
bool sets_variable(const Invocation& call) {
  const auto is_off = [](const shell::Word& word) { return turns_off(word.text); };
  const std::span<const shell::Word> wrappers = std::span(call.command->words).first(call.command->wrappers);
  return std::ranges::any_of(call.command->assignments, is_off) || std::ranges::any_of(wrappers, is_off) ||
         (call.program == "export" && std::ranges::any_of(call.arguments(), is_off));
}

void check_variables_of_runs(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const lint::Run& run : dockerfile.runs()) {
    for (const shell::Command& command : run.commands) {
      const auto words = shell::invocation(command);
      const Invocation call{&run, &command, words, shell::program_of(words)};
      if (words.empty() || is_local(call) || !sets_variable(call)) continue;
      report(call, false, reporter, "variable");
      break;
    }
  }
}

void report_variable(const Instruction& instruction, std::string_view name, std::string_view where,
                     text::Span focus, lint::Reporter& reporter) {
  reporter
      .report(instruction.span, fmt::format("{} turns the check of certificates off, {}", name, where),
              "remove it, and install the certificate of the server")
      .focus = focus;
}

void check_variables(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword == Keyword::kArg) {
      for (const dockerfile::Word& word : instruction.arguments) {
        if (!turns_off(word.text)) continue;
        report_variable(instruction, word.text.substr(0, word.text.find('=')), "in the build", word.span,
                        reporter);
      }
    }
    if (instruction.keyword != Keyword::kEnv) continue;
    for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2) {
      const dockerfile::Word& name = instruction.arguments[i];
      const std::string_view value = unquoted(instruction.arguments[i + 1].text);
      if (!turns_off(name.text, value)) continue;
      report_variable(instruction, name.text, "in the build and in the container", name.span, reporter);
    }
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  check_runs(dockerfile, reporter);
  check_variables_of_runs(dockerfile, reporter);
  check_variables(dockerfile, reporter);
}

constexpr std::string_view kReferences[] = {"https://curl.se/docs/sslcerts.html",
                                            "https://wiki.debian.org/SecureApt"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC5001",
      .name = "unverified-download",
      .level = lint::Level::kWarning,
      .summary = "A download or an install does not check where its files come from",
      .rationale =
          "Options such as `curl -k`, `wget --no-check-certificate` and `apt-get --allow-unauthenticated`, "
          "and variables such as `NODE_TLS_REJECT_UNAUTHORIZED=0`, turn off the check that the files come "
          "from the server or the publisher that is named. Anyone on the way, a proxy or another computer "
          "in the network, can then put a program into the image. Usually only `ca-certificates` is "
          "missing.",
      .bad = {"FROM debian:12\n"
              "RUN curl -kLO https://example.com/tool.tar.gz\n"},
      .good = {"FROM debian:12\n"
               "RUN curl -LO https://example.com/tool.tar.gz\n"},
      .references = kReferences,
      .security_severity = "7.0",
      .check = check};
}

}  // namespace dcache::rules::DC5001
