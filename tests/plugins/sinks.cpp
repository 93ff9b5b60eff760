// Sinks for the tests of `notify`: `keep` writes the records to $CDCTL_TEST_SINK, one batch a line
// as a JSON array; `refuse` takes none; `throw` throws; `wavers` fails in passing twice and then
// takes them; `stuck` sits until its deadline.
#include <cstdlib>
#include <fstream>
#include <thread>

#include <cdctl/plugin.hpp>
#include <cdctl/stop.hpp>

namespace {

using namespace cdctl;

class Keep : public Sink {
 public:
  explicit Keep(Host&) {}
  Result<PassAnswer> do_pass(const std::string&, std::span<const Json> records,
                             const Deadline&) override {
    auto batch = Json::array();
    for (const auto& record : records) batch.push_back(record);
    std::ofstream(std::getenv("CDCTL_TEST_SINK"), std::ios::app) << batch.dump() << '\n';
    return {};
  }
};

class Refuse final : public Sink {
 public:
  explicit Refuse(Host&) {}
  Result<PassAnswer> do_pass(const std::string&, std::span<const Json>, const Deadline&) override {
    return fail("the room is closed");
  }
};

class Throw final : public Sink {
 public:
  explicit Throw(Host&) {}
  Result<PassAnswer> do_pass(const std::string&, std::span<const Json>, const Deadline&) override {
    throw std::runtime_error("thrown inside the sink");
  }
};

class Wavers final : public Keep {
 public:
  explicit Wavers(Host& host) : Keep(host) {}
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override {
    if (++calls_ <= 2) return fail(Error{ExitCode::failed, "busy", true});
    return Keep::do_pass(receiver, records, deadline);
  }

 private:
  int calls_ = 0;
};

class Stuck final : public Sink {
 public:
  explicit Stuck(Host&) {}
  Result<PassAnswer> do_pass(const std::string&, std::span<const Json>,
                             const Deadline& deadline) override {
    while (!deadline.passed() && !Stop::requested()) std::this_thread::sleep_for(Millis(5));
    return fail(ExitCode::timeout, "no answer in time");
  }
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {
    row<Sink, Keep>("keep"),     row<Sink, Refuse>("refuse"), row<Sink, Throw>("throw"),
    row<Sink, Wavers>("wavers"), row<Sink, Stuck>("stuck"),
};

}  // namespace

CDCTL_PLUGIN(.name = "sinks", .version = "1.0", .summary = "sinks for tests", .roles = k_roles);
