//! Bernoulli sampling: every coordinate travels with probability `p`, and counts `1/p` times.

use fedfleet::prelude::*;

/// Coordinates drawn one by one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bernoulli {
    /// Probability with which a coordinate is sent [1].
    pub p: f64,
}

impl Compressor for Bernoulli {
    const NAME: &'static str = "bernoulli";

    fn validate(&self) -> Result<(), Invalid> {
        require(self.p > 0.0 && self.p <= 1.0, "p", self.p, "a probability in (0, 1]")
    }

    fn promises(&self) -> Promises {
        Promises { varies: true, ..Promises::UNBIASED }
    }

    fn variance(&self, _: usize) -> Option<f64> {
        Some(1.0 / self.p - 1.0)
    }

    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>> {
        Box::new(self.clone())
    }
}

impl<R: Real> Encoder<R> for Bernoulli {
    fn transmit(&self, v: &mut [R], _: &mut Payload<R>, wire: &mut Wire<'_>) -> u64 {
        let mut sent = 0;
        for v in v {
            let drawn = wire.rng.random_bool(self.p);
            *v = if drawn { *v / R::of(self.p) } else { R::zero() };
            sent += u64::from(drawn);
        }
        // The receiver learns from a seed which coordinates they are.
        64 + 32 * sent
    }

    fn class(&self, _: usize) -> Class {
        Class::Unbiased(1.0 / self.p - 1.0)
    }
}
