// bench-signals COUNT SETS: COUNT signal records of SETS worker sets on stdout, the same ones every
// time.
//
// One second holds 100 of them; 1 in 1000 is critical and 1 in 50 an error, so that verdicts come
// and go.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

namespace {

constexpr std::time_t k_start = 1'780'000'000;  // 2026-05-28, as good as any
constexpr std::uint64_t k_per_second = 100;

const char* severity_of(std::uint32_t dice) {
  if (dice % 1000 == 0) return "critical";
  if (dice % 50 == 0) return "error";
  return dice % 3 == 0 ? "warning" : "info";
}

void write_time(char (&out)[32], std::uint64_t index) {
  const std::time_t second = k_start + static_cast<std::time_t>(index / k_per_second);
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  const auto length = std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out + length, sizeof out - length, ".%03uZ",
                static_cast<unsigned>(index % k_per_second * (1000 / k_per_second)));
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc == 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const auto sets = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (count == 0 || sets == 0) {
    std::fputs("usage: bench-signals COUNT SETS\n", stderr);
    return 2;
  }
  std::mt19937 dice(1);  // a fixed seed: every machine measures the same file
  char time[32];
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto set = dice() % sets;
    const auto service = static_cast<unsigned>(set / 4);  // four revisions of each service
    write_time(time, i);
    std::printf(
        R"({"schema":"cdctl.signal/1","id":"%011llx-%08x","set":"service%c%c-r%010lx","service":"service%c%c","revision":"r%010lx",)"
        R"("unit":"%u","severity":"%s","signal":"job-failed","key":"service%c%c/job-failed","message":"cannot do job %llu",)"
        R"("time":"%s","received":"%s"})"
        "\n",
        static_cast<unsigned long long>(i), static_cast<unsigned>(dice()), 'a' + service / 26 % 26,
        'a' + service % 26, set, 'a' + service / 26 % 26, 'a' + service % 26, set,
        static_cast<unsigned>(dice() % 3), severity_of(static_cast<std::uint32_t>(dice())),
        'a' + service / 26 % 26, 'a' + service % 26, static_cast<unsigned long long>(i), time,
        time);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
