//! The federated protocol: the messages and jobs behind the two halves of a method.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    sync::Arc,
};

use super::{
    Apply, Arrived, Downlink, Job, Message, Participation, Plan, ServerUpdate, Upload, Workload, client_stats::MeteredStats,
    compressors::Parcel, state::State,
};
use crate::{
    engine::{Control, NodeId, Protocol, SERVER, Snapshot, sparse_map::SparseMap},
    fleet::Presence,
    interrupt::Interrupt,
    num::Real,
    part::{compressor::round_blocks, rate::Clock},
    protocol::{
        Deployed, Memory, Models, Observed, Participant, Payload, Scratch, StateVector,
        local::{LocalRule, Pace},
        schedule::{Clients, Orders, Schedule, Wake},
        spec::Commit,
        update_noise::UpdateNoise,
    },
    random::Purpose,
};

/// Clients around a server, as the engine sees them.
pub struct Federated<R: Real> {
    pub(super) plan: Plan<R>,
    server: Box<dyn ServerUpdate<R>>,
    schedule: Box<dyn Schedule>,
    presence: Presence,
    state: State<R>,
    /// The spread of the updates of the latest server step, where it is measured.
    noise: Option<Option<UpdateNoise>>,
}

impl<R: Real> Federated<R> {
    /// A server and its clients before the first call.
    pub fn new(plan: Plan<R>, model: Payload<R>, server: Box<dyn ServerUpdate<R>>, schedule: Box<dyn Schedule>) -> Self {
        let presence = Presence::new();
        Self { plan, server, schedule, presence, state: State::new(model), noise: None }
    }

    /// The same with another server half.
    #[cfg(test)]
    pub(crate) fn with_server(mut self, server: Box<dyn ServerUpdate<R>>) -> Self {
        self.server = server;
        self
    }

    /// The same with another model to begin with.
    #[cfg(test)]
    pub(crate) fn with_model(mut self, model: Payload<R>) -> Self {
        self.state.model = Arc::new(model);
        self
    }

    /// The message that clients receive, the iterate first.
    pub fn model(&self) -> &Payload<R> {
        &self.state.model
    }

    /// The server's iterate `x`, shape `[d]`.
    pub fn iterate(&self) -> &[R] {
        &self.state.model.vectors[0]
    }

    /// The message that `client` would receive now.
    pub(super) fn model_of(&self, client: NodeId) -> &Arc<Payload<R>> {
        self.server.personal(client).unwrap_or(&self.state.model)
    }

    /// The server half of the method.
    pub fn server(&self) -> &dyn ServerUpdate<R> {
        self.server.as_ref()
    }

    /// The plan of the run, which never changes.
    pub fn plan(&self) -> &Plan<R> {
        &self.plan
    }

    /// Expected deliveries of each client in a server step, shape `[n]` [1]; empty unless the weighting needs them.
    pub fn deliveries(&self) -> &[f64] {
        &self.plan.server.deliveries
    }

    /// Server steps so far.
    pub fn version(&self) -> u64 {
        self.state.version
    }

    /// Participation and staleness so far.
    pub fn participation(&self) -> Participation {
        self.state.participation
    }

    /// Memories of the clients that have been accepted at least once, by client.
    pub fn memories(&self) -> &SparseMap<Arc<Memory<R>>> {
        &self.state.memories
    }

    fn ask(
        &mut self,
        control: &mut Control<'_, Self>,
        question: impl FnOnce(&mut dyn Schedule, &mut Clients<'_>) -> Orders,
    ) -> Orders {
        let called = &self.state.called;
        let busy = |node: NodeId| called.contains(node);
        let inquiry = MeteredStats::new(&self.plan, &self.state.model.vectors[0]);
        let mut clients = Clients {
            now: control.now(),
            version: self.state.version,
            clients: self.plan.world.clients(),
            presence: &mut self.presence,
            fleet: &self.plan.world.fleet,
            streams: self.plan.world.streams(),
            busy: &busy,
            called: BTreeSet::new(),
            inquiry: &inquiry,
        };
        let orders = question(self.schedule.as_mut(), &mut clients);
        control.charge(&inquiry.spent());
        orders
    }

    /// Carries out the schedule's answer to an event.
    fn answer(&mut self, control: &mut Control<'_, Self>, question: impl FnOnce(&mut dyn Schedule, &mut Clients<'_>) -> Orders) {
        let orders = self.ask(control, question);
        if orders.apply {
            self.state.participants.clear();
        }
        self.obey(orders, control);
    }

    fn obey(&mut self, orders: Orders, control: &mut Control<'_, Self>) {
        for client in orders.cancel {
            let _ = self.state.called.remove(client);
            control.cancel(client);
        }
        if orders.apply {
            self.apply(control.now());
        }
        for client in orders.call {
            self.call(client, control);
        }
        for wake in orders.wake {
            match wake {
                Wake::Timer { after, key } => control.timer(after, key),
                Wake::Settle { after, key } => control.settle(after, key),
            }
        }
        if orders.apply {
            let following = self.ask(control, |schedule, clients| schedule.after_step(clients));
            self.obey(following, control);
        }
    }

    fn apply(&mut self, now: f64) {
        let mut batch = std::mem::take(&mut self.state.collected);
        if self.plan.secure.is_some() && batch.len() == 1 {
            // A sum of one hides nothing: protocols abort below a threshold.
            batch.clear();
        }
        if let Some(noise) = &mut self.noise {
            let updates: Vec<&[R]> = batch.iter().filter_map(|up| up.up.vectors.first()).map(Vec::as_slice).collect();
            *noise = UpdateNoise::of(&updates);
        }
        let local_lr = self.local_lr(&batch);
        let mut ctx = Apply {
            version: self.state.version,
            now,
            world: &self.plan.world,
            local_lr,
            mean_weight: self.plan.discount.mean_weight(batch.iter().map(|up| up.staleness)),
            masked: self.plan.secure.as_ref().map(|grid| (&self.state.masked, grid)),
            parts: &self.plan.server,
            state: &mut self.state.parts,
        };
        self.server.apply(Arc::make_mut(&mut self.state.model), &batch, &mut ctx);
        self.state.participation.last_batch = batch.len();
        self.state.version += 1;
        let round = self.state.version;
        let participant = |up: &Arrived<R>| Participant { round, client: up.from, staleness: up.staleness };
        self.state.participants.extend(batch.iter().map(participant));
        self.state.masked.clear();
        batch.clear();
        self.state.collected = batch;
    }

    /// The local step size of a server step: that of its version, or the mean of the batch where the clock counts local steps.
    fn local_lr(&mut self, batch: &[Arrived<R>]) -> f64 {
        let LocalRule { rate, clock, .. } = &self.plan.local;
        if *clock == Clock::Versions {
            return rate.at(self.age(self.state.version));
        }
        let steps: usize = batch.iter().map(|up| up.steps).sum();
        if steps > 0 {
            self.state.mean_lr = batch.iter().map(|up| up.total_lr).sum::<f64>() / steps as f64;
        }
        self.state.mean_lr
    }

    /// The age of a version for step-size schedules.
    fn age(&self, version: u64) -> u64 {
        version.saturating_sub(self.server.waited())
    }

    fn call(&mut self, client: NodeId, control: &mut Control<'_, Self>) {
        let call = self.state.calls;
        self.state.calls += 1;
        let _ = self.state.called.insert(client, call);
        let down = Arc::clone(self.model_of(client));
        let Parcel { down, bits } = self.state.downlinks.pack(&self.plan.compressors, &self.plan.world, (client, call), down);
        let message = Message::Down(Downlink { call, version: self.state.version, down });
        control.send(SERVER, client, message, bits);
    }

    fn begin(&mut self, client: NodeId, origin: Downlink<R>, control: &mut Control<'_, Self>) {
        if self.state.called.get(client) != Some(&origin.call) {
            return;
        }
        self.state.downlinks.received(client);
        let Plan { world, local, .. } = &self.plan;
        let visits = control.visits(client);
        let (shard, visit) = self.state.shards.assign(self.plan.shards, (client, visits), world.clients(), world.streams());
        let steps = local.local_steps(world, (client, shard), visits);
        let before = if local.clock == Clock::Steps { self.state.shards.count(shard, steps) } else { 0 };
        let pace = Pace { steps, version: self.age(origin.version), before };
        let memory = self.state.memories.get(shard).cloned();
        let work = Workload { steps, pass: local.batch.pass(world.objective().samples(shard)) };
        let gradients = self.plan.client.gradients(&origin.down, work);
        control.compute(client, gradients, Job { client, shard, visit, gradients, pace, origin, memory });
    }

    fn collect(&mut self, from: NodeId, upload: Upload<R>, control: &mut Control<'_, Self>) {
        if self.state.called.get(from) != Some(&upload.origin.call) {
            return;
        }
        let _ = self.state.called.remove(from);
        let staleness = self.state.version - upload.origin.version;
        if self.plan.max_staleness.is_some_and(|most| staleness > most) {
            return self.answer(control, |schedule, clients| schedule.on_lost(from, clients));
        }
        control.count_used(upload.gradients as u64);
        self.state.remember(upload.shard, upload.memory);
        self.state.count(staleness);
        let weight = self.plan.discount.weight(staleness) * self.schedule.weight(from);
        let up = match &self.plan.secure {
            None => upload.up,
            Some(grid) => {
                let mut rng = control.rng(Purpose::Secure, from, upload.origin.call);
                self.state.masked.add(&upload.up.vectors, weight, grid, &mut rng);
                Payload::default()
            }
        };
        self.state.collected.push(Arrived {
            from: upload.shard,
            up,
            down: upload.origin.down,
            staleness,
            weight,
            steps: upload.steps,
            total_lr: upload.total_lr,
        });
        self.answer(control, |schedule, clients| schedule.on_arrival(from, clients));
    }

    fn lose(&mut self, client: NodeId, control: &mut Control<'_, Self>) {
        if self.state.called.remove(client).is_some() {
            self.answer(control, |schedule, clients| schedule.on_lost(client, clients));
        }
    }
}

impl<R: Real> Protocol for Federated<R> {
    type Msg = Message<R>;
    type Job = Job<R>;
    type Out = Upload<R>;
    type Scratch = Scratch<R>;

    fn start(&mut self, control: &mut Control<'_, Self>) {
        self.answer(control, |schedule, clients| schedule.start(clients));
    }

    fn on_message(&mut self, from: NodeId, to: NodeId, message: Message<R>, control: &mut Control<'_, Self>) {
        match message {
            Message::Down(origin) => self.begin(to, origin, control),
            Message::Up(upload) => self.collect(from, upload, control),
        }
    }

    fn on_computed(&mut self, node: NodeId, mut upload: Upload<R>, control: &mut Control<'_, Self>) {
        if self.plan.commit == Commit::Sent {
            self.state.remember(upload.shard, upload.memory.take());
        }
        let bits = upload.bits;
        control.send(node, SERVER, Message::Up(upload), bits);
    }

    fn on_timer(&mut self, key: u64, control: &mut Control<'_, Self>) {
        self.answer(control, |schedule, clients| schedule.on_timer(key, clients));
    }

    fn on_lost(&mut self, node: NodeId, control: &mut Control<'_, Self>) {
        self.lose(node, control);
    }

    fn on_dropped(&mut self, from: NodeId, to: NodeId, _: Message<R>, control: &mut Control<'_, Self>) {
        self.lose(if from == SERVER { to } else { from }, control);
    }

    fn run_job(&self, job: &Job<R>, scratch: &mut Scratch<R>, interrupt: Interrupt<'_>) -> Upload<R> {
        job.run(&self.plan, scratch, interrupt)
    }

    fn sketch_job(&self, job: &Job<R>, scratch: &mut Scratch<R>) -> Upload<R> {
        job.sketch().run(&self.plan, scratch, Interrupt::default())
    }

    fn cost(&self, job: &Job<R>) -> f64 {
        job.cost(&self.plan)
    }

    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        self.state.save(out)?;
        self.server.save(out)?;
        self.schedule.save(out)?;
        self.noise.as_ref().map_or(Ok(()), |noise| noise.save(out))
    }

    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        self.state.load(input)?;
        self.server.load(input)?;
        self.schedule.load(input)?;
        self.noise.as_mut().map_or(Ok(()), |noise| noise.load(input))
    }
}

impl<R: Real> Observed<R> for Federated<R> {
    fn models(&self) -> Models<'_, R> {
        Models::Server(self.iterate())
    }

    fn deployed(&self, client: NodeId) -> Option<Deployed<R>> {
        let (compressors, world) = (&self.plan.compressors, &self.plan.world);
        let mut x = self.model_of(client).vectors[0].clone();
        round_blocks(compressors.model_width(world, client), world.objective().blocks(), &mut x);
        Some(Deployed { x, activations: compressors.width(world, client).of_activations() })
    }

    fn round(&self) -> u64 {
        self.state.version
    }

    fn updates(&self) -> u64 {
        self.state.participation.updates
    }

    fn staleness(&self) -> Option<f64> {
        let Participation { updates, staleness, .. } = self.state.participation;
        Some(if updates == 0 { 0.0 } else { staleness as f64 / updates as f64 })
    }

    fn staleness_counts(&self) -> &[u64] {
        &self.state.staleness_counts
    }

    fn participants(&self) -> &[Participant] {
        &self.state.participants
    }

    /// The vectors of the method, its optimisers and compressors: those of the server, and then of each client.
    fn state(&self) -> Vec<StateVector<'_, R>> {
        let Plan { client: half, server, local, .. } = &self.plan;
        let sent = self.state.model.vectors.iter().skip(1).zip(self.server.sent());
        let mut state_vectors: Vec<StateVector<'_, R>> = sent.map(|(vector, &name)| StateVector::own(name, vector)).collect();
        state_vectors.extend(self.server.state_vectors());
        let named = server.optimiser.state_vectors(&self.state.parts.optimiser);
        state_vectors.extend(named.map(|(name, vector)| StateVector::own(format!("server.{name}"), vector)));
        for up in &self.state.collected {
            let vectors = up.up.vectors.iter().enumerate();
            state_vectors.extend(vectors.map(|(k, vector)| StateVector::of(up.from, format!("arrived.{k}"), vector)));
        }
        for (client, memory) in self.state.memories.sorted() {
            let own = named_by(half.remembers(), &memory.own);
            state_vectors.extend(own.map(|(name, vector)| StateVector::of(client, name, vector)));
            let optimiser = local.optimiser.state_vectors(&memory.optimiser);
            state_vectors.extend(optimiser.map(|(name, vector)| StateVector::of(client, format!("client.{name}"), vector)));
            state_vectors.extend(of_compressor(client, "uplink", &memory.compressor));
        }
        for (client, known) in self.state.downlinks.known() {
            state_vectors.extend(of_compressor(client, "downlink", known));
        }
        state_vectors
    }

    fn client_memory(&self) -> Option<u64> {
        let State { memories, downlinks, .. } = &self.state;
        Some(memories.sorted().iter().map(|(_, memory)| memory.bits()).sum::<u64>() + downlinks.memory_bits())
    }

    fn measure_updates(&mut self) {
        self.noise = Some(None);
    }

    fn update_noise(&self) -> Option<UpdateNoise> {
        self.noise.flatten()
    }

    fn evidence(&self) -> Option<f64> {
        self.server.evidence()
    }

    fn latest_batch(&self) -> Option<usize> {
        Some(self.state.participation.last_batch)
    }
}

/// The vectors of a payload by their names, or by their numbers where they have none.
fn named_by<'a, R>(names: &'static [&'static str], payload: &'a Payload<R>) -> impl Iterator<Item = (String, &'a [R])> {
    let name = |k: usize| names.get(k).map_or_else(|| format!("memory.{k}"), ToString::to_string);
    payload.vectors.iter().enumerate().map(move |(k, vector)| (name(k), vector.as_slice()))
}

/// The memory of a client's compressor of each vector of a message.
fn of_compressor<'a, R>(
    client: NodeId,
    direction: &'static str,
    memory: &'a [Payload<R>],
) -> impl Iterator<Item = StateVector<'a, R>> {
    let vectors = memory.iter().enumerate().flat_map(|(k, payload)| payload.vectors.iter().map(move |vector| (k, vector)));
    vectors.map(move |(k, vector)| StateVector::of(client, format!("{direction}.{k}"), vector))
}
