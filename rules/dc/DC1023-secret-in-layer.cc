#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "rules/known_facts.h"
#include "rules/secrets.h"
#include "rules/stages.h"

namespace dcache::rules::DC1023 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// Beginnings of tokens that services hand out, and how long they are at least.
struct Token {
  std::string_view start;
  size_t length;
};
constexpr Token kTokens[] = {{"AKIA", 20},  {"ASIA", 20},        {"ghp_", 40},   {"gho_", 40},
                             {"ghs_", 40},  {"github_pat_", 40}, {"glpat-", 26}, {"xoxb-", 30},
                             {"xoxp-", 30}, {"sk_live_", 24},    {"npm_", 40},   {"AIza", 39}};

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// The credential in a text; empty for none.
std::string_view token_in(std::string_view text) {
  constexpr size_t kShortest = std::ranges::min(kTokens, {}, &Token::length).length;
  if (text.size() < kShortest) return {};
  for (const Token& token : kTokens) {
    const size_t at = text.find(token.start);
    if (at == std::string_view::npos || (at > 0 && is_token_char(text[at - 1]))) continue;
    const auto end =
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_token_char);
    const std::string_view found = text.substr(at, static_cast<size_t>(end - text.begin()) - at);
    const bool digits = found.find_first_of("0123456789") != std::string_view::npos;
    const bool placeholder = found.find("EXAMPLE") != std::string_view::npos ||
                             found.find("XXXX") != std::string_view::npos ||
                             found.find("xxxx") != std::string_view::npos;
    if (found.size() >= token.length && digits && !placeholder) return found;
  }
  return {};
}

// The password of `scheme://user:password@host`, if it is spelled out.
std::string_view password_in_url(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest =
      text.substr(scheme + 3, text.find_first_of("/?# \"'", scheme + 3) - scheme - 3);
  const size_t at = rest.rfind('@');
  const size_t colon = rest.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return {};
  const std::string_view password = rest.substr(colon + 1, at - colon - 1);
  const bool spelled = !password.empty() && password.find_first_of("$<{[*") == std::string_view::npos;
  // Names without a dot are those of services next to this one, with passwords for a trial.
  const std::string_view host = rest.substr(at + 1);
  const bool outside = host.find('.') != std::string_view::npos && !host.starts_with("127.");
  return spelled && outside ? password : std::string_view();
}

// Files that hold a key or a password by their name alone.
bool is_key_file(std::string_view path) {
  const std::string_view name = text::base_name(path);
  if (std::ranges::find(key_files(), name) != key_files().end()) return true;
  if (name.starts_with("ssh_host_") && name.ends_with("_key")) return true;
  return name.ends_with(".p12") || name.ends_with(".pfx") || name.ends_with("_rsa") ||
         path.ends_with(".aws/credentials") || path.ends_with(".docker/config.json");
}

// Whether a path is one of tests, whose keys and passwords are made up.
bool is_for_tests(std::string_view path) {
  constexpr std::string_view kFolders[] = {"test",     "tests",    "testdata", "test-data", "fixture",
                                           "fixtures", "e2e",      "mocks",    "__tests__", "spec",
                                           "specs",    "examples", "example",  "testing"};
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash < path.size() && std::ranges::find(kFolders, path.substr(0, slash)) != std::end(kFolders))
      return true;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return false;
}

class Check {
 public:
  Check(lint::Dockerfile& dockerfile, lint::Reporter& reporter)
      : dockerfile_(dockerfile), reporter_(reporter) {}

  void instruction(const Instruction& instruction) {
    switch (instruction.keyword) {
      case Keyword::kRun:
        return run(dockerfile_.run_at(instruction));
      case Keyword::kEnv:
      case Keyword::kArg:
      case Keyword::kLabel:
        for (const dockerfile::Word& word : instruction.arguments)
          text(word.text, word.span);
        return;
      case Keyword::kCopy:
      case Keyword::kAdd:
        return copy(instruction);
      default:
        return;
    }
  }

 private:
  void run(const lint::Run& run) {
    for (const shell::Command& command : run.commands) {
      for (const shell::Word& word : command.assignments)
        text(word.text, run.span_of(word.spelling));
      for (size_t i = 0; i < command.words.size(); ++i) {
        text(command.words[i].text, run.span_of(command.words[i].spelling));
        if (i > 0) login(run, command, i);
      }
    }
  }

  // curl -u user:password
  void login(const lint::Run& run, const shell::Command& command, size_t i) {
    const std::string_view option = command.words[i - 1].text;
    const shell::Word& word = command.words[i];
    const bool curl = command.program() == "curl" && (option == "-u" || option == "--user");
    const size_t colon = word.text.find(':');
    if (!curl || !word.literal || colon == std::string_view::npos || colon + 1 == word.text.size()) return;
    report(run.span_of(word.spelling), "the password of this login");
  }

  void copy(const Instruction& instruction) {
    if (instruction.find_flag("from") != nullptr || instruction.arguments.size() < 2) return;
    for (const dockerfile::Word& word : instruction.arguments.first(instruction.arguments.size() - 1)) {
      const std::string_view path = unquoted(word.text);
      if (path.find("://") != std::string_view::npos) {
        text(path, word.span);
        continue;
      }
      if (!is_key_file(path) && !holds_private_key(path)) continue;
      lint::Diagnostic& diagnostic = report(word.span, std::string(path));
      if (is_for_tests(path)) diagnostic.level = lint::Level::kInfo;
    }
  }

  // Whether a source, which may be a pattern, is a file of the context with a private key in it.
  bool holds_private_key(std::string_view source) {
    if (!source.ends_with(".key") && !source.ends_with(".pem")) return false;
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context == nullptr) return false;
    const std::string path = text::clean_path("/" + std::string(source)).substr(1);
    const auto is_private = [&](const context::Record& record) {
      if (record.type != context::Type::kFile || !may_hold_private_key(*context, record)) return false;
      const auto text = context->read(record.path);
      return text && text->find("PRIVATE KEY") != std::string::npos;
    };
    if (!text::has_wildcard(path)) {
      const context::Record* record = context->files.find(path);
      return record != nullptr && is_private(*record);
    }
    return std::ranges::any_of(context->files.records(), [&](const context::Record& record) {
      return text::glob_match(path, record.path) && is_private(record);
    });
  }

  void text(std::string_view text, text::Span span) {
    if (!token_in(text).empty()) {
      report(span, "a token that is written here");
    } else if (!password_in_url(text).empty()) {
      report(span, "the password in this address");
    }
  }

  lint::Diagnostic& report(text::Span span, const std::string& what) {
    return reporter_.report(span, fmt::format("anyone who has the image can read {}", what),
                            "replace the credential, and use RUN --mount=type=secret");
  }

  lint::Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  Check check(dockerfile, reporter);
  for (const Instruction& instruction : dockerfile.file().instructions())
    check.instruction(carried(instruction));
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/secrets/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1023",
      .name = "secret-in-layer",
      .level = lint::Level::kError,
      .origin = lint::Origin::kDcache,
      .summary = "A credential is written into a layer",
      .rationale =
          "Anyone who can pull the image can read all of its layers and its history: the text of every "
          "RUN, addresses of ADD, files that a later step deleted, values of ENV. Treat a credential that "
          "was ever in a layer as stolen. The rule knows private keys by their names, such as `id_rsa`, and "
          "by the "
          "content of `.key` and `.pem` files in the context. For files below folders such as `testdata`, "
          "`fixtures` and `e2e` the finding is an info. A secret mount shows the secret to one RUN "
          "and leaves nothing in the image.",
      .bad = {"FROM alpine:3.20\n"
              "RUN wget https://user:hunter2@example.com/data\n"},
      .good = {"FROM alpine:3.20\n"
               "RUN --mount=type=secret,id=netrc,target=/root/.netrc wget https://example.com/data\n"},
      .references = kReferences,
      .security_severity = "8.0",
      .check = check};
}

}  // namespace dcache::rules::DC1023
