// Manifests that are programs: the Gemfile of Bundler and the mix.exs of Mix. Installing runs them, so they
// can read any file.
//
// Source: https://bundler.io/man/gemfile.5.html, https://hexdocs.pm/mix/Mix.Project.html,
// https://hexdocs.pm/mix/Mix.Tasks.Deps.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dcache::rules {

// Whether it does nothing but the usual: to list packages, and to look at variables and versions. Anything
// that is not known counts as more.
bool is_plain_gemfile(std::string_view text);
bool is_plain_mix_file(std::string_view text);

// Whether a text in Ruby or Elixir has calls that read files or start programs.
bool reads_files(std::string_view program);

// The texts in quotes and backticks, and the words of those that have several: files are named in them.
// Lines that are comments do not count.
std::vector<std::string> quoted_words(std::string_view program);

}  // namespace dcache::rules
