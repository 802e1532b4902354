#include "rules/root.h"

#include <algorithm>

#include "dcache/lint/images.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr std::string_view kServices[] = {"nginx",
                                          "apache2",
                                          "httpd",
                                          "apache2-foreground",
                                          "apachectl",
                                          "apache2ctl",
                                          "httpd-foreground",
                                          "sshd",
                                          "cron",
                                          "crond",
                                          "supervisord",
                                          "haproxy",
                                          "vsftpd",
                                          "proftpd",
                                          "pure-ftpd",
                                          "nullmailer-send",
                                          "postfix",
                                          "master",
                                          "exim",
                                          "exim4",
                                          "dovecot",
                                          "named",
                                          "unbound",
                                          "dnsmasq",
                                          "squid",
                                          "ntpd",
                                          "chronyd",
                                          "lighttpd",
                                          "tor",
                                          "privoxy",
                                          "my_init",
                                          "s6-svscan",
                                          "runsvdir",
                                          "gosu",
                                          "su-exec",
                                          "su",
                                          "setpriv",
                                          "runuser",
                                          "chpst"};
constexpr std::string_view kPrograms[] = {"gosu", "su-exec", "setpriv", "s6-", "runuser", "chpst"};

bool is_service(const std::string& word) {
  const std::string_view program = std::string_view(word).substr(word.rfind('/') + 1);
  return program.starts_with("php-fpm") || std::ranges::find(kServices, program) != std::end(kServices);
}

// Whether the text has `su` as a word of its own, with something after it.
bool has_su(std::string_view text) {
  constexpr std::string_view kSu = "su ";
  for (size_t at = text.find(kSu); at != std::string_view::npos; at = text.find(kSu, at + 1)) {
    if (at == 0 || std::string_view(" \t\n;&|('\"/").find(text[at - 1]) != std::string_view::npos)
      return true;
  }
  return false;
}

bool names_program(const Instruction& instruction) {
  const auto names = [](std::string_view text) {
    return std::ranges::any_of(
        kPrograms, [&](std::string_view program) { return text.find(program) != std::string_view::npos; });
  };
  const bool starts = instruction.keyword == Keyword::kEntrypoint || instruction.keyword == Keyword::kCmd;
  return names(instruction.joined) || (starts && has_su(instruction.rest)) ||
         std::ranges::any_of(instruction.heredocs, [&](const dockerfile::Heredoc& heredoc) {
           return names(heredoc.content) || has_su(heredoc.content);
         });
}

// Whether a RUN writes `su` into a script: what it runs itself is over with the build.
bool writes_su(const lint::Run& run) {
  return has_su(run.script) && std::ranges::none_of(run.commands, [](const shell::Command& command) {
           return command.program() == "su";
         });
}

// Whether an image's own start gives up root.
bool starts_service(std::string_view image) {
  const std::string_view name = lint::image_name(image);
  if (name == "php")
    return image.find("fpm") != std::string_view::npos || image.find("apache") != std::string_view::npos;
  return lint::is_image(lint::ImageKind::kDropsRootAtStart, image);
}

}  // namespace

bool gives_up_root(const FinalImage& image) {
  return std::ranges::any_of(image.started, is_service) ||
         std::ranges::any_of(image.runs, [](const lint::Run* run) { return writes_su(*run); }) ||
         (image.starter() == nullptr && starts_service(image.base)) ||
         std::ranges::any_of(image.instructions, [](const Instruction* one) { return names_program(*one); });
}

}  // namespace dcache::rules
