// Whether everything that the parser knows has a text for hover and completion.
#include "dcache/editor/help.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/dockerfile/flags.h"
#include "dcache/dockerfile/keyword.h"
#include "dcache/dockerfile/mount_names.h"
#include "dcache/lsp/word_help.h"

namespace dcache::editor {
namespace {

using dockerfile::Keyword;

std::vector<Keyword> keywords() {
  std::vector<Keyword> all;
  for (auto k = static_cast<uint8_t>(Keyword::kAdd); k <= static_cast<uint8_t>(Keyword::kWorkdir); ++k)
    all.push_back(static_cast<Keyword>(k));
  return all;
}

bool has_text(const Help* help) {
  return help != nullptr && !help->text.empty();
}

TEST(Help, HasASectionForEachInstruction) {
  for (const Keyword keyword : keywords())
    EXPECT_TRUE(has_text(find_help(dockerfile::name_of(keyword)))) << dockerfile::name_of(keyword);
}

TEST(Help, HasASectionForEachFlag) {
  size_t flags = 0;
  for (const Keyword keyword : keywords()) {
    for (const dockerfile::KnownFlag& flag : dockerfile::flags_of(keyword)) {
      EXPECT_TRUE(has_text(lsp::flag_help(keyword, flag.name)))
          << dockerfile::name_of(keyword) << " --" << flag.name;
      ++flags;
    }
  }
  EXPECT_GT(flags, 20u);
}

TEST(Help, HasASectionForEachMountOption) {
  for (const std::string_view type : dockerfile::mount_type_names())
    EXPECT_TRUE(has_text(lsp::mount_help(fmt::format("type={}", type), false))) << type;
  for (const std::string_view option : dockerfile::mount_option_names()) {
    const Help* help = option == "type" ? find_help("RUN --mount") : lsp::mount_help(option, false);
    EXPECT_TRUE(has_text(help)) << option;
  }
  const Help* general = find_help("RUN --mount,sharing");
  for (const std::string_view value : dockerfile::mount_sharing_names()) {
    const Help* help = lsp::mount_help(fmt::format("sharing={}", value), true);
    EXPECT_TRUE(has_text(help) && help != general) << value;
  }
}

TEST(Help, HasASectionForEachDirective) {
  for (const char* const name : {"# syntax", "# escape", "# check"})
    EXPECT_TRUE(has_text(find_help(name))) << name;
}

}  // namespace
}  // namespace dcache::editor
