//! Who imports whom, read from the code itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Attribute, File, Item, ItemMod, ItemUse, UseTree,
    visit::{self, Visit},
};

/// A module by its path from the crate on, such as `["run", "execute"]`; that of `lib.rs` is empty.
pub type Module = Vec<String>;

/// The modules of a crate that lie in files of their own, tests apart.
#[derive(Default)]
pub struct House {
    files: BTreeMap<Module, Room>,
}

/// What one file says.
#[derive(Default)]
struct Room {
    /// Modules in files of their own, and other names that are defined here.
    defined: BTreeSet<String>,
    /// Names that are brought in, each with the path that it stands for.
    imported: BTreeMap<String, Vec<String>>,
    /// Whole modules whose names are brought in.
    globs: Vec<Vec<String>>,
    /// All paths that are used.
    used: BTreeSet<Vec<String>>,
}

impl House {
    /// Reads the crate whose root is `lib.rs` in the folder `src`.
    pub fn read(src: &Path) -> Self {
        let mut house = Self::default();
        house.add(src, Vec::new());
        house
    }

    /// A crate of the files given, each with its module.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let module = |name: &str| name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { files: files.iter().map(|(name, text)| (module(name), Room::of(text).0)).collect() }
    }

    fn add(&mut self, src: &Path, module: Module) {
        let path = if module.is_empty() { src.join("lib.rs") } else { src.join(module.join("/")).with_extension("rs") };
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (room, children) = Room::of(&text);
        self.files.insert(module.clone(), room);
        for child in children {
            self.add(src, [&module[..], &[child]].concat());
        }
    }

    /// All modules.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys()
    }

    /// The modules that `from` takes something from, itself apart.
    pub fn imports(&self, from: &Module) -> BTreeSet<Module> {
        let room = &self.files[from];
        let globs = room.globs.iter().filter_map(|path| self.resolve(from, path, 0));
        let used = room.used.iter().filter_map(|path| self.resolve(from, path, 0));
        globs.chain(used).filter(|module| module != from).collect()
    }

    /// The module in which the thing is defined that `path` stands for in `from`; `None` for other crates.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        // A name that is handed on in a ring stands for nothing here.
        if depth > 32 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, depth),
            "self" => self.descend(from.clone(), rest, depth),
            "super" => self.resolve(&from[..from.len().checked_sub(1)?].to_vec(), &with_self(rest), depth),
            name => {
                let room = &self.files[from];
                if let Some(known) = room.imported.get(name).filter(|known| known.first().is_none_or(|head| head != name)) {
                    return self.resolve(from, &[known, rest].concat(), depth + 1);
                }
                let child = [&from[..], &[name.to_owned()]].concat();
                if self.files.contains_key(&child) { self.descend(child, rest, depth) } else { None }
            }
        }
    }

    /// Where `path` leads from `module` on: through modules, and through names that one hands on.
    fn descend(&self, module: Module, path: &[String], depth: usize) -> Option<Module> {
        let Some((first, rest)) = path.split_first() else { return Some(module) };
        if first == "super" {
            return self.resolve(&module, path, depth);
        }
        let child = [&module[..], std::slice::from_ref(first)].concat();
        if self.files.contains_key(&child) {
            return self.descend(child, rest, depth);
        }
        let room = self.files.get(&module)?;
        if room.defined.contains(first) {
            return Some(module);
        }
        if let Some(known) = room.imported.get(first) {
            return self.resolve(&module, &[known, rest].concat(), depth + 1).or(Some(module));
        }
        let handed_on = |path: &Vec<String>| self.resolve(&module, path, depth + 1).filter(|other| self.defines(other, first));
        room.globs.iter().find_map(handed_on).or(Some(module))
    }

    fn defines(&self, module: &Module, name: &str) -> bool {
        self.files.get(module).is_some_and(|room| room.defined.contains(name))
    }
}

/// `path` as seen from the module itself, unless it climbs further.
fn with_self(path: &[String]) -> Vec<String> {
    let climbs = path.first().is_some_and(|first| first == "super");
    let head = if climbs { Vec::new() } else { vec!["self".to_owned()] };
    [&head[..], path].concat()
}

impl Room {
    /// What a file says, and which modules it has in files of their own.
    fn of(text: &str) -> (Self, Vec<String>) {
        let file: File = syn::parse_file(text).expect("the code compiles");
        let mut reader = Reader::default();
        reader.visit_file(&file);
        (reader.room, reader.children)
    }
}

#[derive(Default)]
struct Reader {
    room: Room,
    children: Vec<String>,
}

/// Whether something is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    let is_for_tests = |attribute: &Attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_for_tests)
}

/// The attributes and the name of an item that defines one.
fn definition(item: &Item) -> (&[Attribute], Option<String>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Enum(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Fn(item) => (&item.attrs, Some(item.sig.ident.to_string())),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref().map(ToString::to_string)),
        Item::Static(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Struct(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Trait(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Type(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Impl(item) => (&item.attrs, None),
        Item::Mod(item) => (&item.attrs, None),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item(&mut self, item: &'a Item) {
        let (attributes, name) = definition(item);
        if is_test(attributes) {
            return;
        }
        self.room.defined.extend(name);
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        if module.content.is_none() {
            self.children.push(module.ident.to_string());
        }
        visit::visit_item_mod(self, module);
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        self.import(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        if path.segments.len() > 1 {
            let _ = self.room.used.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

impl Reader {
    fn import(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.import(&tree.tree, path);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, path.clone())),
            UseTree::Glob(_) => self.room.globs.push(path),
            UseTree::Name(tree) if tree.ident == "self" => {
                let name = path.last().cloned().unwrap_or_default();
                self.bring_in(name, path);
            }
            UseTree::Name(tree) => {
                path.push(tree.ident.to_string());
                self.bring_in(tree.ident.to_string(), path);
            }
            UseTree::Rename(tree) => {
                if tree.ident != "self" {
                    path.push(tree.ident.to_string());
                }
                self.bring_in(tree.rename.to_string(), path);
            }
        }
    }

    fn bring_in(&mut self, name: String, path: Vec<String>) {
        let _ = self.room.used.insert(path.clone());
        let _ = self.room.imported.insert(name, path);
    }
}
