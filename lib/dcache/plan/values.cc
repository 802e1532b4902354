#include "dcache/plan/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "dcache/text/address.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {
namespace {

struct PortRange {
  int64_t first = 0, last = 0;
};

std::optional<PortRange> read_ports(std::string_view text) {
  constexpr int64_t kHighest = 65535;
  const size_t dash = std::min(text.find('-'), text.size());
  const auto first = read_whole(text.substr(0, dash));
  const auto last = dash == text.size() ? first : read_whole(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *first > *last || *last > kHighest) return std::nullopt;
  return PortRange{*first, *last};
}

bool is_address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string address(text.substr(0, text.find('%')));
  std::array<unsigned char, 16> bytes = {};
  return text::read_address(text::AddressFamily::kIpv4, address, bytes.data()) ||
         text::read_address(text::AddressFamily::kIpv6, address, bytes.data());
}

// The part after the last colon, which is taken off with it.
std::string_view take_last_part(std::string_view& text) {
  const size_t colon = text.rfind(':');
  const std::string_view part = text.substr(colon + 1);
  text = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  return part;
}

constexpr std::array<std::string_view, 36> kSignals = {
    "SIGABRT", "SIGALRM", "SIGBUS",  "SIGCHLD",   "SIGCLD",   "SIGCONT", "SIGFPE",  "SIGHUP",   "SIGILL",
    "SIGINT",  "SIGIO",   "SIGIOT",  "SIGKILL",   "SIGPIPE",  "SIGPOLL", "SIGPROF", "SIGPWR",   "SIGQUIT",
    "SIGSEGV", "SIGSTOP", "SIGSYS",  "SIGSTKFLT", "SIGTERM",  "SIGTRAP", "SIGTSTP", "SIGTTIN",  "SIGTTOU",
    "SIGURG",  "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN", "SIGRTMAX"};

// `RTMIN+1` to `RTMIN+15`, `RTMAX-1` to `RTMAX-14`.
bool is_real_time_signal(std::string_view name) {
  const bool from_least = name.starts_with("RTMIN+");
  if (!from_least && !name.starts_with("RTMAX-")) return false;
  const std::string_view digits = name.substr(6);
  if (digits.empty() || digits.front() < '1' || digits.front() > '9') return false;
  const auto number = read_whole(digits);
  return number && *number <= (from_least ? 15 : 14);
}

constexpr std::array<std::string_view, 17> kSystems = {
    "aix",   "android", "darwin", "dragonfly", "freebsd", "hurd",    "illumos", "ios", "js",
    "linux", "nacl",    "netbsd", "openbsd",   "plan9",   "solaris", "windows", "zos"};
constexpr std::array<std::string_view, 24> kArchitectures = {
    "386",     "amd64",   "amd64p32", "arm",    "armbe",  "arm64",    "arm64be",   "ppc64",
    "ppc64le", "loong64", "mips",     "mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le",
    "ppc",     "riscv",   "riscv64",  "s390",   "s390x",  "sparc",    "sparc64",   "wasm"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOtherNames = {{{"x86_64", "amd64"},
                                                                                       {"x86-64", "amd64"},
                                                                                       {"aarch64", "arm64"},
                                                                                       {"i386", "386"},
                                                                                       {"armhf", "arm"},
                                                                                       {"armel", "arm"}}};
constexpr auto kPlatformNames = [] {
  std::array<std::string_view, kSystems.size() + kArchitectures.size() + kOtherNames.size()> names;
  auto* at = std::copy(kSystems.begin(), kSystems.end(), names.begin());
  at = std::copy(kArchitectures.begin(), kArchitectures.end(), at);
  std::transform(kOtherNames.begin(), kOtherNames.end(), at, [](const auto& other) { return other.first; });
  return names;
}();

bool is_platform_part(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) {
    const char lower = text::ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

// `OS` or `OS(VERSION)`; the name alone.
std::string_view without_version(std::string_view os) {
  return os.ends_with(')') ? os.substr(0, os.find('(')) : os;
}

}  // namespace

std::optional<int64_t> read_whole(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_exposable(std::string_view text) {
  const std::string_view ports = take_last_part(text);
  const std::string_view host_ports = take_last_part(text);
  const size_t slash = std::min(ports.find('/'), ports.size());
  const std::string protocol = text::to_lower(ports.substr(std::min(slash + 1, ports.size())));
  if (!protocol.empty() && protocol != "tcp" && protocol != "udp" && protocol != "sctp") return false;
  if (!text.empty() && !is_address(text)) return false;
  const auto range = read_ports(ports.substr(0, slash));
  if (!range || host_ports.empty()) return range.has_value();
  const auto host_range = read_ports(host_ports);
  const bool one = range->first == range->last;
  return host_range && (one || host_range->last - host_range->first == range->last - range->first);
}

std::span<const std::string_view> signal_names() {
  return kSignals;
}

bool is_signal(std::string_view text) {
  if (const auto number = read_whole(text)) return *number != 0;
  std::string name(text);
  std::ranges::transform(name, name.begin(), text::ascii_upper);
  if (!name.starts_with("SIG")) name.insert(0, "SIG");
  return std::ranges::find(kSignals, name) != kSignals.end() ||
         is_real_time_signal(std::string_view(name).substr(3));
}

bool is_checksum(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, size_t>, 3> kDigits = {
      {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}}};
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto* const known =
      std::ranges::find(kDigits, text.substr(0, colon), &std::pair<std::string_view, size_t>::first);
  const std::string_view digits = text.substr(colon + 1);
  return known != kDigits.end() && digits.size() == known->second &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_platform(std::string_view text) {
  constexpr std::ptrdiff_t kMostSlashes = 2;
  const size_t slash = std::min(text.find('/'), text.size());
  std::string_view rest = text.substr(std::min(slash + 1, text.size()));
  std::string os = text::to_lower(without_version(text.substr(0, slash)));
  if (!os.empty() && !is_platform_part(os)) return false;
  if (slash == text.size()) {
    if (os == "macos") os = "darwin";
    return std::ranges::find(kPlatformNames, os) != kPlatformNames.end();
  }
  if (std::ranges::count(text, '/') > kMostSlashes) return false;
  const size_t second = std::min(rest.find('/'), rest.size());
  return is_platform_part(rest.substr(0, second)) &&
         (second == rest.size() || is_platform_part(rest.substr(second + 1)));
}

std::span<const std::string_view> platform_names() {
  return kPlatformNames;
}

Platform split_platform(std::string_view platform) {
  Platform split;
  const size_t first = std::min(platform.find('/'), platform.size());
  split.os = platform.substr(0, first);
  const std::string_view rest = platform.substr(std::min(first + 1, platform.size()));
  const size_t second = std::min(rest.find('/'), rest.size());
  split.architecture = rest.substr(0, second);
  split.variant = rest.substr(std::min(second + 1, rest.size()));
  return split;
}

std::string normal_platform(std::string_view text) {
  Platform platform = split_platform(text::to_lower(text));
  constexpr std::array<std::string_view, 4> kUsualSystems = {"linux", "windows", "darwin", "freebsd"};
  const bool alone = platform.architecture.empty() && !platform.os.empty();
  if (alone && std::ranges::find(kUsualSystems, platform.os) == kUsualSystems.end())
    platform.architecture = std::exchange(platform.os, "linux");
  if (platform.architecture.empty() && !platform.os.empty()) platform.architecture = "amd64";
  if (platform.architecture == "armel") platform.variant = "v6";
  for (const auto& [name, usual] : kOtherNames) {
    if (platform.architecture == name) platform.architecture = usual;
  }
  const bool is_default =
      (platform.architecture == "amd64" && platform.variant == "v1") ||
      (platform.architecture == "arm64" && (platform.variant == "v8" || platform.variant == "8"));
  if (is_default) platform.variant.clear();
  if (platform.architecture == "arm" && platform.variant.empty()) platform.variant = "v7";
  std::string normal = platform.os;
  for (const std::string& part : {platform.architecture, platform.variant}) {
    if (!part.empty()) normal += '/' + part;
  }
  return normal;
}

}  // namespace dcache::plan
