//! Linear regression with Huber's loss, which grows linearly for residuals beyond `delta`.

use fedfleet::prelude::*;

/// Linear regression with Huber's loss.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Huber {
    /// Residual from which the loss grows linearly.
    pub delta: f64,
}

impl ObjectiveKind for Huber {
    const NAME: &'static str = "huber";

    fn properties(&self) -> Properties {
        Properties { samples: true, targets: TargetKind::Values, convex: true, solvable_head: false }
    }

    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        let columns = inputs.data()?.train.features.columns();
        let blocks = [Block { name: "weight".into(), range: 0..columns, kind: BlockKind::Weight, fan_in: columns, fan_out: 1 }];
        Ok(Box::new(PerSample::new(Robust { delta: self.delta, blocks }, inputs)?))
    }
}

struct Robust {
    delta: f64,
    blocks: [Block; 1],
}

impl<R: Real> SampleLoss<R> for Robust {
    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn loss(&self, samples: &Samples<R>, row: usize, x: &[R], gradient: Option<(R, &mut [R])>) -> f64 {
        let features = samples.features.row(row);
        let residual = (features.dot(x) - samples.targets.number(row)).f64();
        let slope = residual.clamp(-self.delta, self.delta);
        if let Some((factor, gradient)) = gradient {
            features.add_to(factor * R::of(slope), gradient);
        }
        slope * (residual - 0.5 * slope)
    }
}
