#pragma once

#include <cdctl/args.hpp>
#include <cdctl/plugin.hpp>

// Shields: a role object as the host sees it. Each call goes to the real object inside the plugin,
// and an exception becomes an error there, so that nothing thrown crosses the boundary.

namespace cdctl::plugin {

/// Runs `f`; an exception becomes the error of the Result that `f` returns.
template <class F>
auto shielded(F&& f) noexcept -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception& e) {
    return fail(std::string("internal error: ") + e.what());
  } catch (...) {
    return fail("internal error: unknown exception");
  }
}

/// Runs the body of a plugin's command: its error, and anything thrown, is reported and becomes the
/// exit code.
template <class Body>
int guarded(const CommandArguments& given, Body&& body) noexcept {
  const Result<> done = shielded([&]() -> Result<> { return body(); });
  if (done) return 0;
  given.report(done.error());
  return static_cast<int>(done.error().exit);
}

#define CDCTL_SHIELDED(call) return shielded([&] { return inner_->call; })

class ShieldSource final : public Source {
 public:
  using RoleType = Source;
  explicit ShieldSource(std::unique_ptr<Source> inner) : inner_(std::move(inner)) {}
  std::vector<Result<SourceState>> newest(std::span<const SourceConfig> s,
                                          const Deadline& d) override {
    try {
      return inner_->newest(s, d);
    } catch (const std::exception& e) {
      return std::vector<Result<SourceState>>(
          s.size(), fail(ExitCode::unknown, std::string("internal error: ") + e.what()));
    }
  }
  Result<SourceState> resolve(const SourceConfig& s, std::string_view r,
                              const Deadline& d) override {
    CDCTL_SHIELDED(resolve(s, r, d));
  }
  Result<> checkout(const SourceConfig& s, std::string_view r, const std::filesystem::path& p,
                    const Deadline& d) override {
    CDCTL_SHIELDED(checkout(s, r, p, d));
  }
  std::vector<Result<>> checkout_all(std::span<const CheckoutRequest> r,
                                     const Deadline& d) override {
    try {
      return inner_->checkout_all(r, d);
    } catch (const std::exception& e) {
      return std::vector<Result<>>(r.size(), fail(std::string("internal error: ") + e.what()));
    }
  }

 private:
  std::unique_ptr<Source> inner_;
};

class ShieldClaim final : public Claim {
 public:
  explicit ShieldClaim(std::unique_ptr<Claim> inner) : inner_(std::move(inner)) {}
  const SetStatus& found() const override { return inner_->found(); }
  std::filesystem::path workspace() const override { return inner_->workspace(); }
  Result<std::optional<std::string>> load_secret(std::string_view k) override {
    CDCTL_SHIELDED(load_secret(k));
  }
  Result<> save_secret(std::string_view k, std::string_view v) override {
    CDCTL_SHIELDED(save_secret(k, v));
  }
  Result<> clean(const Deadline& d) override { CDCTL_SHIELDED(clean(d)); }
  Result<> start(const Workload& w, const Deadline& d) override { CDCTL_SHIELDED(start(w, d)); }
  bool takes_bundles() const override { return inner_->takes_bundles(); }
  Result<> start_bundle(const BundleWorkload& w, const Deadline& d) override {
    CDCTL_SHIELDED(start_bundle(w, d));
  }
  Result<> finish() override { CDCTL_SHIELDED(finish()); }
  Result<> halt(const Deadline& d) override { CDCTL_SHIELDED(halt(d)); }
  void abandon(std::string_view why) override {
    (void)shielded([&]() -> Result<> {
      inner_->abandon(why);
      return {};
    });
  }

 private:
  std::unique_ptr<Claim> inner_;
};

class ShieldEngine final : public Engine {
 public:
  using RoleType = Engine;
  explicit ShieldEngine(std::unique_ptr<Engine> inner) : inner_(std::move(inner)) {}
  std::string home() const override { return inner_->home(); }
  Result<std::vector<SetStatus>> list(std::optional<std::string_view> s,
                                      const Deadline& d) override {
    CDCTL_SHIELDED(list(s, d));
  }
  Result<SetStatus> describe(const SetName& s, const Deadline& d) override {
    CDCTL_SHIELDED(describe(s, d));
  }
  Result<std::unique_ptr<Claim>> claim(const SetName& s, const Sources& so, Time t,
                                       const Deadline& d) override {
    return shielded([&]() -> Result<std::unique_ptr<Claim>> {
      CDCTL_TRY_ASSIGN(auto claim, inner_->claim(s, so, t, d));
      return std::make_unique<ShieldClaim>(std::move(claim));
    });
  }
  Result<Step> cut(const SetName& s, const Deadline& d) override { CDCTL_SHIELDED(cut(s, d)); }
  Result<Step> mend(const SetName& s, bool thaw, const Deadline& d) override {
    CDCTL_SHIELDED(mend(s, thaw, d));
  }
  Result<Step> stop(const SetName& s, Millis g, const Deadline& d) override {
    CDCTL_SHIELDED(stop(s, g, d));
  }
  Result<Step> destroy(const SetName& s, const Deadline& d) override {
    CDCTL_SHIELDED(destroy(s, d));
  }

 private:
  std::unique_ptr<Engine> inner_;
};

class ShieldDeployer final : public Deployer {
 public:
  using RoleType = Deployer;
  explicit ShieldDeployer(std::unique_ptr<Deployer> inner) : inner_(std::move(inner)) {}
  Result<> deploy(const DeployRequest& r, Claim& c) override { CDCTL_SHIELDED(deploy(r, c)); }

 private:
  std::unique_ptr<Deployer> inner_;
};

class ShieldMemory final : public Memory {
 public:
  using RoleType = Memory;
  explicit ShieldMemory(std::unique_ptr<Memory> inner) : inner_(std::move(inner)) {}
  Result<std::map<std::string, MemoryEntry>> read(std::optional<std::string_view> s,
                                                  const Deadline& d) override {
    CDCTL_SHIELDED(read(s, d));
  }
  Result<> put_set(const SetMemo& m, const Deadline& d) override { CDCTL_SHIELDED(put_set(m, d)); }
  Result<> put_cut(const SetName& s, const CutMemo& m, const Deadline& d) override {
    CDCTL_SHIELDED(put_cut(s, m, d));
  }
  Result<> put_force(std::string_view n, const std::optional<Force>& f,
                     const Deadline& d) override {
    CDCTL_SHIELDED(put_force(n, f, d));
  }
  Result<std::optional<Force>> force_of(const SetName& s, const Deadline& d) override {
    CDCTL_SHIELDED(force_of(s, d));
  }
  Result<> put_hold(std::string_view s, const std::optional<Hold>& h, const Deadline& d) override {
    CDCTL_SHIELDED(put_hold(s, h, d));
  }
  Result<std::map<std::string, Hold>> holds(const Deadline& d) override {
    CDCTL_SHIELDED(holds(d));
  }
  Result<> trim(std::string_view s, std::size_t k, const Deadline& d) override {
    CDCTL_SHIELDED(trim(s, k, d));
  }
  void prefetch_lock(std::string_view s) override {
    (void)shielded([&]() -> Result<> {
      inner_->prefetch_lock(s);
      return {};
    });
  }
  Result<std::unique_ptr<ServiceLock>> lock(std::string_view s, const Deadline& d) override {
    CDCTL_SHIELDED(lock(s, d));
  }

 private:
  std::unique_ptr<Memory> inner_;
};

class ShieldSwitch final : public Switch {
 public:
  using RoleType = Switch;
  explicit ShieldSwitch(std::unique_ptr<Switch> inner) : inner_(std::move(inner)) {}
  Result<> check(const ServiceConfig& c, const Deadline& d) override {
    CDCTL_SHIELDED(check(c, d));
  }
  Result<std::map<std::string, std::string>> provision(const ServiceConfig& c, const SetName& s,
                                                       std::string_view k,
                                                       const Deadline& d) override {
    CDCTL_SHIELDED(provision(c, s, k, d));
  }
  Result<Step> cut(const SetName& s, std::string_view w, const Deadline& d) override {
    CDCTL_SHIELDED(cut(s, w, d));
  }
  Result<Step> drain(const SetName& s, const Deadline& d) override { CDCTL_SHIELDED(drain(s, d)); }
  Result<Step> mend(const SetName& s, std::optional<std::int64_t> p, const Deadline& d) override {
    CDCTL_SHIELDED(mend(s, p, d));
  }
  Result<Step> admit(const SetName& s, std::int64_t n, const Deadline& d) override {
    CDCTL_SHIELDED(admit(s, n, d));
  }
  Result<Settled> settled(const SetName& s, const Deadline& d) override {
    CDCTL_SHIELDED(settled(s, d));
  }
  Result<Step> retire(const SetName& s, const Deadline& d) override {
    CDCTL_SHIELDED(retire(s, d));
  }
  Result<std::vector<std::int64_t>> connections(std::span<const SetName> s,
                                                const Deadline& d) override {
    CDCTL_SHIELDED(connections(s, d));
  }
  Result<Json> describe(const ServiceConfig& c, const SetName& s, const Deadline& d) override {
    CDCTL_SHIELDED(describe(c, s, d));
  }

 private:
  std::unique_ptr<Switch> inner_;
};

class ShieldProbe final : public Probe {
 public:
  using RoleType = Probe;
  explicit ShieldProbe(std::unique_ptr<Probe> inner) : inner_(std::move(inner)) {}
  Result<std::vector<Json>> observe(std::span<const ProbeTarget> t, Json& m,
                                    const Deadline& d) override {
    CDCTL_SHIELDED(observe(t, m, d));
  }

 private:
  std::unique_ptr<Probe> inner_;
};

class ShieldDoctor final : public Doctor {
 public:
  using RoleType = Doctor;
  explicit ShieldDoctor(std::unique_ptr<Doctor> inner) : inner_(std::move(inner)) {}
  std::vector<Check> examine(const Deadline& d) override {
    try {
      return inner_->examine(d);
    } catch (const std::exception& e) {
      return {{"plugin", Check::State::unknown, std::string("internal error: ") + e.what(),
               "report it"}};
    }
  }

 private:
  std::unique_ptr<Doctor> inner_;
};

class ShieldSink final : public Sink {
 public:
  using RoleType = Sink;
  explicit ShieldSink(std::unique_ptr<Sink> inner) : inner_(std::move(inner)) {}
  Result<> pass(std::span<const Json> r, const Deadline& d) override { CDCTL_SHIELDED(pass(r, d)); }

 private:
  std::unique_ptr<Sink> inner_;
};

class ShieldReader final : public FeedReader {
 public:
  explicit ShieldReader(std::unique_ptr<FeedReader> inner) : inner_(std::move(inner)) {}
  Result<std::vector<Json>> next(Millis wait) override { CDCTL_SHIELDED(next(wait)); }
  bool at_end() const override { return inner_->at_end(); }
  std::string cursor() const override { return inner_->cursor(); }

 private:
  std::unique_ptr<FeedReader> inner_;
};

class ShieldFeed final : public Feed {
 public:
  using RoleType = Feed;
  explicit ShieldFeed(std::unique_ptr<Feed> inner) : inner_(std::move(inner)) {}
  Result<> send(std::span<const Json> s, const Deadline& d) override { CDCTL_SHIELDED(send(s, d)); }
  Result<std::unique_ptr<FeedReader>> open(const FeedQuery& q, const Deadline& d) override {
    return shielded([&]() -> Result<std::unique_ptr<FeedReader>> {
      CDCTL_TRY_ASSIGN(auto reader, inner_->open(q, d));
      return std::make_unique<ShieldReader>(std::move(reader));
    });
  }

 private:
  std::unique_ptr<Feed> inner_;
};

#undef CDCTL_SHIELDED

}  // namespace cdctl::plugin
