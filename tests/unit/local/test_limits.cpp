#include "tests/support/local_home.hpp"

#include "plugins/local/cgroup.hpp"
#include "plugins/local/paths.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/status.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

std::string text_of(const std::filesystem::path& path) { return read_file(path).value_or(""); }

}  // namespace

TEST_CASE("limits are part of what is to be run") {
  local::RunPlan plan{"s", "h", "/", {{"worker", "w"}}, {}, {}};
  plan.limits = {{"worker", {512 << 20, 1500}}, {"beat", {0, 250}}};
  const auto read = local::parse_run_plan(local::to_text(plan));
  REQUIRE(read);
  CHECK(read->limits == plan.limits);
}

TEST_CASE("limits are written as the kernel reads them, and what it has killed is counted") {
  // A folder with files of the same names: what the kernel makes of them is for the story
  const TempDir dir;
  for (const auto* file : {"memory.max", "memory.oom.group", "cpu.max", "cgroup.subtree_control"})
    std::ofstream(dir.path() / file);
  std::ofstream(dir.path() / "cgroup.controllers") << "cpuset cpu io memory pids\n";
  std::ofstream(dir.path() / "memory.events") << "low 0\nmax 12\noom 3\noom_kill 2\n";
  const local::Cgroup cgroup(dir.path());
  must(cgroup.limit({512 << 20, 1500}));
  CHECK(text_of(dir.path() / "memory.max") == "536870912");
  CHECK(text_of(dir.path() / "memory.oom.group") == "1");
  CHECK(text_of(dir.path() / "cpu.max") == "150000 100000");
  CHECK(cgroup.oom_kills() == 2);
  CHECK(cgroup.controllers() == std::vector<std::string>{"cpuset", "cpu", "io", "memory", "pids"});
  CHECK(cgroup.delegated().empty());
  must(cgroup.delegate({"memory"}));
  CHECK(text_of(dir.path() / "cgroup.subtree_control") == "+memory");
}

TEST_CASE("units start without limits that cannot be put in force, and it is said") {
  const NoCgroup no_cgroup(true);
  LocalHome home;
  auto workload = home.workload("exec sleep 1000", 2);
  workload.limits = {{"worker", {512 << 20, 0}}};
  must(home.try_deploy(workload));
  CHECK(eventually([&] { return home.status().up == 2; }));
  CHECK(home.status().detail["warning"].as_string().contains("not in force"));
  CHECK(std::ranges::any_of(home.host.logged,
                            [](const std::string& line) { return line.contains("not in force"); }));
}

TEST_CASE("the cgroup that a supervisor had of its own goes with its set") {
  const NoCgroup no_cgroup(true);
  LocalHome home;
  home.deploy("exec sleep 1000");
  const auto paths = home.paths.set(k_set);
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  // As where there are cgroups: the kernel's part of it is for the story
  const local::Cgroup cgroup(home.dir.path() / "cdctl-of-the-set");
  auto status = local::parse_status(read_file(paths / local::k_status).value());
  REQUIRE(status);
  status->cgroup = cgroup.path().string();
  must(write_file_atomically(paths / local::k_status, local::to_text(*status), 0600));
  std::filesystem::create_directory(cgroup.supervisors().path());
  home.reap_in_doubt(Millis(0));
  CHECK_FALSE(cgroup.supervisors().there());
}
