#include "dcache/observe/platforms.h"

#include <gtest/gtest.h>

namespace dcache::observe {
namespace {

TEST(Platforms, ReadsWhereAStepRunsAndWhatItIsFor) {
  const auto read = [](std::string_view word) {
    const PlatformWord platform = read_platform(word);
    return std::string(platform.own) + " " + platform.target;
  };
  EXPECT_EQ(read("linux/amd64"), "linux/amd64 linux/amd64");
  EXPECT_EQ(read("linux/amd64->arm64"), "linux/amd64 linux/arm64");
  EXPECT_EQ(read("linux/amd64->arm/v7"), "linux/amd64 linux/arm/v7");
  EXPECT_EQ(read("linux/amd64->windows/amd64"), "linux/amd64 windows/amd64");
  EXPECT_EQ(read("linux/arm64->amd64/v2"), "linux/arm64 linux/amd64/v2");
  EXPECT_EQ(read(""), " ");
}

TEST(Platforms, FindsWhatAPlatformShares) {
  PlatformChoices choices;
  choices.add("linux/amd64", 1);
  EXPECT_EQ(choices.below("linux/amd64->arm64"), 1U);
  EXPECT_EQ(choices.below("linux/arm64"), std::nullopt);
  EXPECT_EQ(choices.seen_by("linux/arm64"), 1U);
  choices.add("linux/amd64->arm64", 2);
  EXPECT_EQ(choices.below("linux/amd64"), 1U);
  EXPECT_EQ(choices.below("linux/amd64->arm64"), 2U);
  EXPECT_EQ(choices.seen_by("linux/arm64"), 2U);
  EXPECT_EQ(choices.below("linux/amd64->s390x"), 1U);
  EXPECT_EQ(choices.of("linux/amd64->s390x"), std::nullopt);
}

TEST(Platforms, TakesTheLastStep) {
  PlatformChoices choices;
  choices.add("linux/amd64", 1, 1);
  choices.add("linux/amd64->arm64", 2, 4);
  EXPECT_EQ(choices.seen_by("linux/amd64"), 2U);
  choices.add("linux/amd64", 3, 4);
  EXPECT_EQ(choices.seen_by("linux/amd64"), 3U);
  EXPECT_EQ(choices.seen_by("linux/arm64"), 2U);
}

TEST(Platforms, TakesAnyForABuildWhoseNamesDoNotSayIt) {
  PlatformChoices choices;
  EXPECT_EQ(choices.seen_by(""), std::nullopt);
  choices.add("linux/amd64", 1);
  EXPECT_EQ(choices.below(""), 1U);
  choices.add("", 2);
  EXPECT_EQ(choices.below(""), 2U);
}

}  // namespace
}  // namespace dcache::observe
