#include "dcache/lsp/links.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"
#include "dcache/text/uri.h"

namespace dcache::lsp {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;
using nlohmann::json;

// An address as text that editors show: without characters that they would act on.
std::string shown_address(std::string_view address) {
  std::string shown;
  while (!address.empty()) {
    const text::Rune rune = text::decode_rune(address);
    const std::string_view bytes = address.substr(0, rune.width);
    const bool is_plain = rune.value != ' ' && !text::is_control(rune.value);
    shown += is_plain ? std::string(bytes) : text::percent_encoded(bytes);
    address.remove_prefix(rune.width);
  }
  return shown;
}

class Links {
 public:
  Links(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions,
        const std::string& folder, const context::FileSystem& files)
      : parsed_(parsed), positions_(positions), folder_(folder), files_(files) {}

  json run() {
    for (const Instruction& one : parsed_.file.instructions()) {
      if (one.keyword == Keyword::kFrom && !one.arguments.empty()) add_image(one.arguments.front());
      const bool copies = one.keyword == Keyword::kCopy || one.keyword == Keyword::kAdd;
      if (!copies || one.find_flag("from") != nullptr) continue;
      for (size_t i = 0; i + 1 < one.arguments.size(); ++i)
        add_source(one.arguments[i]);
    }
    return std::move(links_);
  }

 private:
  void add(const Word& word, std::string target) {
    links_.push_back({{"range", positions_.range_of(word.span)}, {"target", std::move(target)}});
  }

  void add_image(const Word& word) {
    const std::string_view reference = parsed_.graph.text_of(word);
    if (reference == "scratch" || parsed_.graph.find_stage(reference) != nullptr) return;
    if (std::string page = page_of_image(reference); !page.empty()) add(word, std::move(page));
  }

  void add_source(const Word& word) {
    const std::string_view source = parsed_.graph.text_of(word);
    if (plan::is_remote(source)) {
      if (source.starts_with("https://") || source.starts_with("http://")) add(word, shown_address(source));
      return;
    }
    if (text::has_wildcard(source) || source.starts_with("<<")) return;
    // Sources are taken from the root of the context, and never lead out of it.
    const std::string path = text::join_path(folder_, text::clean_path("/" + std::string(source)));
    if (files_.exists(path)) add(word, uri_of(path));
  }

  const editor::Workspace::ParsedDockerfile& parsed_;
  const Positions& positions_;
  const std::string& folder_;
  const context::FileSystem& files_;
  json links_ = json::array();
};

// Whether a reference has only the characters that one has: others would end the address of a page.
bool is_plain(std::string_view reference) {
  return reference.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@") ==
         std::string_view::npos;
}

}  // namespace

std::string page_of_image(std::string_view reference) {
  if (!is_plain(reference)) return {};
  reference = reference.substr(0, reference.find('@'));
  const size_t colon = reference.rfind(':');
  if (colon != std::string_view::npos && reference.find('/', colon) == std::string_view::npos)
    reference = reference.substr(0, colon);
  const size_t slash = reference.find('/');
  std::string_view host = slash == std::string_view::npos ? "" : reference.substr(0, slash);
  if (host.find_first_of(".:") == std::string_view::npos && host != "localhost") host = "docker.io";
  std::string_view name = reference;
  if (reference.starts_with(host)) name.remove_prefix(host.size() + 1);
  if (name.empty()) return {};
  if (host == "docker.io") {
    if (name.starts_with("library/")) name.remove_prefix(8);
    const bool official = name.find('/') == std::string_view::npos;
    return fmt::format("https://hub.docker.com/{}/{}", official ? "_" : "r", name);
  }
  if (host == "mcr.microsoft.com") return fmt::format("https://mcr.microsoft.com/artifact/mar/{}", name);
  if (host == "quay.io") return fmt::format("https://quay.io/repository/{}", name);
  if (host == "ghcr.io" || host == "gcr.io") return fmt::format("https://{}/{}", host, name);
  if (host == "public.ecr.aws") return fmt::format("https://gallery.ecr.aws/{}", name);
  return {};
}

json document_links(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions,
                    const std::string& folder, const context::FileSystem& files) {
  return Links(parsed, positions, folder, files).run();
}

}  // namespace dcache::lsp
