#include "dcache/plan/mode_change.h"

#include <array>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace dcache::plan {
namespace {

struct ModeCase {
  std::string_view change;
  std::array<uint32_t, 9> modes;
};

// What `COPY --chmod` of Docker 28.5 made of seven files and two folders.
TEST(ModeChange, GivesTheModesOfARealBuild) {
  constexpr size_t kFiles = 7;
  constexpr std::array<uint32_t, 9> kBefore = {0, 0644, 0640, 0755, 04711, 02750, 01777, 0700, 02755};
  const std::vector<ModeCase> cases = {
      {"u+x", {0100, 0744, 0740, 0755, 04711, 02750, 01777, 0700, 02755}},
      {"a+rX", {0444, 0644, 0644, 0755, 04755, 02755, 01777, 0755, 02755}},
      {"u=rwX,go=rX", {0644, 0644, 0644, 0755, 0755, 0755, 01755, 0755, 0755}},
      {"go=u-w", {0, 0644, 0644, 0755, 04755, 02755, 01755, 0755, 02755}},
      {"u=g", {0, 0444, 0440, 0555, 04111, 02550, 01777, 0, 02555}},
      {"+x", {0111, 0755, 0751, 0755, 04711, 02751, 01777, 0711, 02755}},
      {"=rw", {0666, 0666, 0666, 0666, 0666, 0666, 01666, 0666, 0666}},
      {"=", {0, 0, 0, 0, 0, 0, 01000, 0, 0}},
      {"o=t", {0, 0640, 0640, 0750, 04710, 02750, 01770, 0700, 02750}},
      {"u+s", {04000, 04644, 04640, 04755, 04711, 06750, 05777, 04700, 06755}},
      {"g+s", {02000, 02644, 02640, 02755, 06711, 02750, 03777, 02700, 02755}},
      {"+s", {06000, 06644, 06640, 06755, 06711, 06750, 07777, 06700, 06755}},
      {"+t", {01000, 01644, 01640, 01755, 05711, 03750, 01777, 01700, 03755}},
      {"u=rg", {0, 0444, 0440, 0555, 0111, 02550, 01777, 0, 02555}},
      {"u-X", {0, 0644, 0640, 0655, 04611, 02650, 01677, 0600, 02655}},
      {"o-x,u=o", {0, 0444, 040, 0454, 04010, 02050, 01676, 0, 02454}},
      {"ug+rwXst", {07660, 07664, 07660, 07775, 07771, 07770, 07777, 07770, 07775}},
      {"a=", {0, 0, 0, 0, 0, 0, 01000, 0, 0}},
      {"u=gw", {0200, 0244, 0240, 0255, 0211, 02250, 01277, 0200, 02255}},
      {"u=rgw", {0200, 0244, 0240, 0255, 0211, 02250, 01277, 0200, 02255}},
      {"o=u", {0, 0646, 0646, 0757, 04717, 02757, 01777, 0707, 02757}},
      {"ug=o+w", {0220, 0664, 0220, 0775, 04331, 02220, 01777, 0220, 02775}},
      {"=X", {0, 0, 0, 0111, 0111, 0111, 01111, 0111, 0111}},
      {"+X-r", {0, 0200, 0200, 0311, 04311, 02311, 01333, 0311, 02311}},
      {"u+g-o", {0, 0244, 0640, 0255, 04611, 02750, 01077, 0700, 02255}},
      {"go-u", {0, 0600, 0600, 0700, 04700, 02700, 01700, 0700, 02700}},
      {"u=", {0, 044, 040, 055, 011, 02050, 01077, 0, 02055}},
      {"-x", {0, 0644, 0640, 0644, 04600, 02640, 01666, 0600, 02644}},
      {"g=s", {02000, 02604, 02600, 02705, 06701, 02700, 03707, 02700, 02705}},
  };
  for (const ModeCase& expected : cases) {
    const auto change = ModeChange::parse(expected.change);
    ASSERT_TRUE(change) << expected.change;
    for (size_t i = 0; i < kBefore.size(); ++i)
      EXPECT_EQ(change->apply(kBefore[i], i >= kFiles), expected.modes[i])
          << expected.change << " on file " << i;
  }
}

TEST(ModeChange, OfDigitsReplacesTheMode) {
  EXPECT_EQ(ModeChange::parse("755")->apply(04600, false), 0755U);
  EXPECT_EQ(ModeChange::parse("01777")->apply(0600, true), 01777U);
}

TEST(ModeChange, MakesFoldersExecutableAndFilesThatAreSo) {
  EXPECT_EQ(ModeChange::parse("u=rwX")->apply(0644, true), 0744U);
  EXPECT_EQ(ModeChange::parse("u=rwX")->apply(0644, false), 0644U);
  EXPECT_EQ(ModeChange::parse("u=rwX")->apply(0645, false), 0745U);
}

TEST(ModeChange, RefusesWhatIsNotAMode) {
  for (const std::string_view text :
       {"", "64a", "10000", "8", "u", "u+q", ",u+x", "u+x,", "x", "u+a", "au", "+x,"})
    EXPECT_FALSE(ModeChange::parse(text)) << text;
}

}  // namespace
}  // namespace dcache::plan
