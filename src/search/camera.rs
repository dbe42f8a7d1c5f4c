//! Filter by camera: its name, part of its name, or `AGENT_UID/CAMERA_ID`.

use super::nearest::nearest;
use super::{Context, Filter, Invalid, add_values, list};
use crate::model::query::{Attribute, Query};

/// The camera filter.
pub(super) struct Camera;

impl Filter for Camera {
    fn key(&self) -> &'static str {
        "camera"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["cam"]
    }

    fn label(&self) -> &'static str {
        "Camera"
    }

    fn help(&self) -> &'static str {
        "Name of a camera or part of it: camera:gate"
    }

    fn attribute(&self) -> Option<Attribute> {
        Some(Attribute::Camera)
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        context: &Context<'_>,
    ) -> Result<(), Invalid> {
        for name in list(value) {
            let values = resolve(name, context.cameras)?;
            add_values(query, Attribute::Camera, values, not);
        }
        Ok(())
    }
}

/// Values of the cameras `name` may mean: its value, its name, or all whose names contain it.
fn resolve(name: &str, cameras: &[(String, String)]) -> Result<Vec<String>, Invalid> {
    let wanted = name.to_lowercase();
    let by_value = |value: &str, _: &str| value == name;
    let by_name = |_: &str, label: &str| label == wanted;
    let by_part = |_: &str, label: &str| label.contains(&wanted);
    let values = Some(matching(cameras, by_value))
        .filter(|values| !values.is_empty())
        .or_else(|| Some(matching(cameras, by_name)).filter(|values| !values.is_empty()))
        .unwrap_or_else(|| matching(cameras, by_part));
    if !values.is_empty() {
        return Ok(values);
    }
    // A camera that was removed still has captures.
    if name.rsplit_once('/').is_some_and(|(_, id)| id.parse::<i64>().is_ok()) {
        return Ok(vec![name.to_owned()]);
    }
    let near = nearest(name, cameras.iter().map(|(_, label)| label.as_str()));
    Err(Invalid::with(format!("no camera is called {name}"), near))
}

/// Values of the cameras that pass `test`, which gets the value and the name in lower case.
fn matching(cameras: &[(String, String)], test: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let passing = cameras.iter().filter(|(value, label)| test(value, &label.to_lowercase()));
    passing.map(|(value, _)| value.clone()).collect()
}
