//! Quadratic clients `fᵢ(x) = ½ (x − cᵢ)ᵀ Aᵢ (x − cᵢ)`, with additive gradient noise where asked.
//!
//! A client is held as its curvature and its gradient at an origin, `∇fᵢ(x) = Aᵢ (x − origin) + offsetᵢ`. Stated clients
//! have their centres as origins and no offset; generated ones share the optimum as origin, so that their offsets sum to
//! zero to rounding however ill-conditioned the curvatures are. Every `fᵢ` has the minimum 0, and all weights are `1/n`.

mod explicit;
mod form;
mod generator;
mod kernel;
mod spec;

use std::{path::Path, sync::OnceLock};

pub use form::{Hessian, QuadraticForm};
use generator::Law;
use kernel::{Curvature, Piece, stride};
pub use spec::{Alike, GeneratorSpec, LinearTerm, Numbers, QuadraticSpec, Shape};

use crate::{
    invalid::Invalid,
    num::Real,
    problem::{
        Block, BlockKind, Correction, HeldOutScore, Inputs, Objective, ObjectiveKind, Properties, Sample, Visit, Workspace,
        data::HeldOut, data::TargetKind,
    },
    random::Streams,
};

impl ObjectiveKind for QuadraticSpec {
    const NAME: &'static str = "quadratic";

    fn validate(&self) -> Result<(), Invalid> {
        self.check()
    }

    fn properties(&self) -> Properties {
        Properties { samples: false, targets: TargetKind::Auto, convex: true, solvable_head: false }
    }

    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        let objective = Quadratic::new(self, inputs.clients, inputs.streams, &inputs.folder);
        Ok(Box::new(objective.map_err(|invalid| invalid.under("objective.quadratic"))?))
    }
}

/// Scalars that a generated fleet may take before its clients are generated anew at every use.
const STORED: usize = 1 << 23;

/// Quadratic local objectives.
#[derive(Debug)]
pub struct Quadratic<R> {
    clients: usize,
    dim: usize,
    dense: bool,
    noise: f64,
    blocks: [Block; 1],
    /// One curvature for all, or empty where each client has its own.
    shared: Vec<R>,
    /// `[d]` for all clients, or `[n, d]`.
    origins: Vec<R>,
    fleet: Fleet<R>,
    form: OnceLock<QuadraticForm>,
}

/// The source of the clients' own numbers.
#[derive(Debug)]
enum Fleet<R> {
    /// Rows of all clients; `curvatures` or `offsets` are empty where clients have none of their own.
    Stored { curvatures: Vec<R>, offsets: Vec<R>, floors: Vec<f64> },
    /// Functions of the clients' streams.
    Lazy(Law),
}

impl<R: Real> Quadratic<R> {
    /// The problem that `spec` states; `clients` is the size of the fleet where the scenario gives one.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range, unreadable files, and clients that do not match the fleet.
    pub fn new(spec: &QuadraticSpec, clients: Option<usize>, streams: Streams, base: &Path) -> Result<Self, Invalid> {
        spec.check()?;
        if let Some(stated) = explicit::read(spec, clients, base)? {
            if !stated.curvatures.iter().chain(&stated.centres).all(|&value| R::of(value).f64().is_finite()) {
                let key = if spec.file.is_some() { "file" } else { "" };
                return Err(Invalid::at(key, "a curvature or centre is too large for numbers of 32 bits")
                    .help("scale the problem, or set `precision = \"f64\"`"));
            }
            return Ok(Self::stated(stated, spec.noise));
        }
        let generate = spec.generate.clone().unwrap_or_default();
        let clients = clients.filter(|&n| n > 0).ok_or_else(|| {
            Invalid::at("generate", "the number of clients to generate is not stated").help("set `clients` in `[fleet]`")
        })?;
        Ok(Self::generated(&generate, clients, streams, spec.noise, STORED))
    }

    /// Stored where curvatures and offsets take at most `budget` scalars, and lazy beyond.
    fn generated(spec: &GeneratorSpec, clients: usize, streams: Streams, noise: f64, budget: usize) -> Self {
        let law = Law::new(spec, clients, streams);
        let mut work = Workspace::new();
        let shared = if law.alike() { law.shared_curvature(&mut work) } else { Vec::new() };
        let own = spec.dimension + if law.alike() { 0 } else { law.curvature_len() };
        let origins = law.origin().into_iter().map(R::of).collect();
        let dense = law.dense();
        let fleet =
            if clients.saturating_mul(own) <= budget { store(&law, clients, &mut work) } else { Fleet::Lazy(law.clone()) };
        let form = OnceLock::new();
        if let Fleet::Stored { .. } = fleet {
            let _ = form.set(law.form());
        }
        Self { clients, dim: spec.dimension, dense, noise, blocks: block(spec.dimension), shared, origins, fleet, form }
    }

    fn stated(stated: explicit::Stated, noise: f64) -> Self {
        let form = OnceLock::from(stated.form());
        let explicit::Stated { clients, dim, dense, curvatures, centres } = stated;
        let curvatures = if dense { explicit::padded(&curvatures, dim) } else { curvatures.into_iter().map(R::of).collect() };
        let fleet = Fleet::Stored { curvatures, offsets: Vec::new(), floors: vec![0.0; clients] };
        let origins = centres.into_iter().map(R::of).collect();
        Self { clients, dim, dense, noise, blocks: block(dim), shared: Vec::new(), origins, fleet, form }
    }

    /// Calls `with` on the client's numbers and its floor; the floor of a lazy client is found only where it is asked for.
    fn on_client<T>(
        &self,
        client: usize,
        with_floor: bool,
        work: &mut Workspace<R>,
        with: impl FnOnce(Piece<'_, R>, f64, &mut Workspace<R>) -> T,
    ) -> T {
        let dim = self.dim;
        let origin = if self.origins.len() == dim { &self.origins } else { &self.origins[client * dim..][..dim] };
        let curvature = |own| self.curvature(if self.shared.is_empty() { own } else { &self.shared });
        match &self.fleet {
            Fleet::Stored { curvatures, offsets, floors } => {
                let len = self.curvature_len();
                let own = curvatures.get(client * len..(client + 1) * len).unwrap_or_default();
                let offset = offsets.get(client * dim..(client + 1) * dim);
                with(Piece { curvature: curvature(own), origin, offset }, floors[client], work)
            }
            Fleet::Lazy(law) => {
                let mut own = law.take(work);
                law.client(client, with_floor, &mut own, work);
                let piece = Piece { curvature: curvature(&own.curvature), origin, offset: Some(&own.offset) };
                let result = with(piece, own.floor, work);
                work.give(own.curvature);
                work.give(own.offset);
                result
            }
        }
    }

    #[inline]
    fn curvature<'a>(&self, entries: &'a [R]) -> Curvature<'a, R> {
        if self.dense { Curvature::Dense(entries) } else { Curvature::Diagonal(entries) }
    }

    #[inline]
    fn curvature_len(&self) -> usize {
        if self.dense { stride(self.dim) * self.dim } else { self.dim }
    }
}

impl<R: Real> Objective<R> for Quadratic<R> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn clients(&self) -> usize {
        self.clients
    }

    fn samples(&self, _: usize) -> usize {
        1
    }

    fn weight(&self, _: usize) -> f64 {
        1.0 / self.clients as f64
    }

    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn gradient_noise(&self) -> f64 {
        self.noise
    }

    fn gradient(&self, client: usize, x: &[R], sample: Sample<'_, R>, gradient: &mut [R], work: &mut Workspace<R>) -> f64 {
        self.on_client(client, true, work, |piece, floor, work| {
            let (mut z, mut g) = (work.take(stride(self.dim)), work.take(stride(self.dim)));
            piece.gradient(x, &mut z, &mut g);
            let loss = loss(&piece, &z, &g, floor);
            gradient.copy_from_slice(&g[..self.dim]);
            if let Sample::Noise(noise) = sample {
                gradient.iter_mut().zip(noise).for_each(|(g, &noise)| *g += noise);
            }
            work.give(z);
            work.give(g);
            loss
        })
    }

    fn descend(
        &self,
        client: usize,
        y: &mut [R],
        visit: &mut Visit<'_, '_, R>,
        correction: &Correction<'_, R>,
        work: &mut Workspace<R>,
    ) {
        self.on_client(client, false, work, |piece, _, work| {
            let (mut z, mut gradient) = (work.take(stride(self.dim)), work.take(stride(self.dim)));
            piece.descend(y, visit, correction, &mut z, &mut gradient);
            work.give(z);
            work.give(gradient);
        });
    }

    fn local_loss(&self, client: usize, x: &[R], work: &mut Workspace<R>) -> f64 {
        self.on_client(client, true, work, |piece, floor, work| {
            let (mut z, mut g) = (work.take(stride(self.dim)), work.take(stride(self.dim)));
            piece.gradient(x, &mut z, &mut g);
            let loss = loss(&piece, &z, &g, floor);
            work.give(z);
            work.give(g);
            loss
        })
    }

    fn score(&self, _: HeldOut, _: &[R], _: &mut Workspace<R>) -> Option<HeldOutScore> {
        None
    }

    fn hessian_product(&self, client: usize, _: &[R], v: &[R], product: &mut [R], work: &mut Workspace<R>) -> bool {
        self.on_client(client, false, work, |piece, _, work| {
            let (mut padded, mut out) = (work.take(stride(self.dim)), work.take(stride(self.dim)));
            padded.fill(R::zero());
            padded[..self.dim].copy_from_slice(v);
            piece.product(&padded, &mut out);
            product.copy_from_slice(&out[..self.dim]);
            work.give(padded);
            work.give(out);
        });
        true
    }

    fn quadratic_form(&self) -> Option<&QuadraticForm> {
        Some(self.form.get_or_init(|| match &self.fleet {
            Fleet::Lazy(law) => law.form(),
            Fleet::Stored { .. } => unreachable!("a stored fleet has its form from the start"),
        }))
    }

    fn cost(&self, _: usize) -> f64 {
        self.curvature_len() as f64
    }
}

/// `½ zᵀ A z + ⟨offset, z⟩ + floor` from the gradient `A z + offset`.
fn loss<R: Real>(piece: &Piece<'_, R>, z: &[R], gradient: &[R], floor: f64) -> f64 {
    let dim = piece.origin.len();
    let both = z[..dim].iter().zip(&gradient[..dim]);
    let along: f64 = match piece.offset {
        Some(offset) => both.zip(offset).map(|((z, g), o)| z.f64() * (g.f64() + o.f64())).sum(),
        None => both.map(|(z, g)| z.f64() * g.f64()).sum(),
    };
    0.5 * along + floor
}

fn block(dim: usize) -> [Block; 1] {
    [Block { name: "x".into(), range: 0..dim, kind: BlockKind::Weight, fan_in: dim, fan_out: 1 }]
}

fn store<R: Real>(law: &Law, clients: usize, work: &mut Workspace<R>) -> Fleet<R> {
    let mut own = law.take(work);
    let mut curvatures = Vec::with_capacity(clients * own.curvature.len());
    let mut offsets = Vec::with_capacity(clients * own.offset.len());
    let mut floors = Vec::with_capacity(clients);
    for client in 0..clients {
        law.client(client, true, &mut own, work);
        curvatures.extend_from_slice(&own.curvature);
        offsets.extend_from_slice(&own.offset);
        floors.push(own.floor);
    }
    Fleet::Stored { curvatures, offsets, floors }
}

#[cfg(test)]
mod tests;
